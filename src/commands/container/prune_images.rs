//! `bn container prune --images`: images that `build` made for this repository, or for one that is gone, and that nothing uses.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::container::{PruneArgs, ScopeArgs};
use crate::commands::config::gather;
use crate::commands::container::amounts::room;
use crate::commands::container::built::{self, Built};
use crate::commands::container::caches::repositories;
use crate::commands::container::import;
use crate::commands::{Context, Exit, known};
use crate::config::setting::Setting;
use crate::container::buildah;
use crate::container::image_list::{self, Stored};
use crate::container::reference::image_reference;
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::git::host::Git;
use crate::process::{Runner, last_line};
use crate::run::engine::{Engine, is_installed};

#[derive(Serialize)]
struct Report {
    images: Vec<Row>,
    /// At most: images share layers, and what others have stays.
    bytes: u64,
    dry_run: bool,
}

#[derive(Serialize)]
struct Row {
    image: String,
    id: String,
    bytes: u64,
    /// Why it stays.
    kept: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (removed, kept) = if self.dry_run { ("would remove", "would keep") } else { ("removed", "kept") };
        for Row { image, id, bytes, kept: why } in &self.images {
            let digits = id.trim_start_matches("sha256:");
            let digits = digits.get(..12).unwrap_or(digits);
            match why {
                None => writeln!(f, "{removed} {image} ({digits}, {})", room(*bytes))?,
                Some(why) => writeln!(f, "{kept} {image} ({digits}): {why}")?,
            }
        }
        match self.bytes {
            0 => Ok(()),
            bytes if self.dry_run => {
                writeln!(f, "room that this makes: at most {}, for images share layers", room(bytes))
            }
            _ => Ok(()),
        }
    }
}

/// What there is to choose from, and where it is.
struct Stores {
    engine: Engine,
    runner: Runner,
    stored: Vec<Stored>,
    /// The table of containerd's images.
    table: String,
    /// References that a run or a container has, or a run would take next.
    used: Vec<(String, String)>,
}

/// An image that was built for one of the repositories, and the file that says so.
struct Candidate {
    built: Built,
    file: PathBuf,
    /// A repository that is not meant has built the very same.
    shared: bool,
}

pub fn run(args: &PruneArgs, context: &Context) -> Result<Exit, Failure> {
    let candidates = candidates(&args.scope, context)?;
    let mut report = Report { images: Vec::new(), bytes: 0, dry_run: args.dry_run };
    if !candidates.is_empty() {
        let stores = Stores::look(context)?;
        let step = context.output.step("looking at images");
        for candidate in &candidates {
            step.says(format_args!("looking at {}", candidate.built.reference));
            report.images.extend(stores.prune(candidate, args.dry_run)?);
        }
    }
    report.bytes = report.images.iter().filter(|row| row.kept.is_none()).map(|row| row.bytes).sum();
    if report.images.is_empty() && !context.output.is_json() {
        context.output.note("there are no images that `build` made here");
    }
    context.output.print(&report)?;
    Ok(Exit::DONE)
}

/// Those who ask what could go hear of images, where more was built than is used by default.
pub fn tell(scope: &ScopeArgs, context: &Context) -> Result<(), Failure> {
    let count = candidates(scope, context).map_or(0, |found| found.len());
    if count > 1 {
        let all = if scope.all_repositories { " --all-repositories" } else { "" };
        context.output.note(format_args!("{count} images were built here: bn container prune --images --dry-run{all}"));
    }
    Ok(())
}

/// What was built for this repository and for those that are gone, or for all.
fn candidates(scope: &ScopeArgs, context: &Context) -> Result<Vec<Candidate>, Failure> {
    let data = DataDir::resolve(&context.env)?;
    let wanted = repositories(scope, context, data.repositories(), "--images")?;
    let (mut found, mut others): (Vec<Candidate>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for repo in DataDir::repositories_in(data.repositories())? {
        let file = data.built(&repo);
        for built in built::read(&file)? {
            if wanted.contains(&repo) || !built.repository.exists() {
                found.push(Candidate { built, file: file.clone(), shared: false });
            } else {
                others.insert(built.id);
            }
        }
    }
    found.iter_mut().for_each(|candidate| candidate.shared = others.contains(&candidate.built.id));
    Ok(found)
}

/// What runs take by themselves, here and elsewhere.
fn default_images(context: &Context) -> Result<Vec<String>, Failure> {
    let settings = gather::all(context, &Git::new(Runner::new(&context.env)))?.settled;
    let own = settings.iter().find(|setting| setting.key.name == "tag").and_then(Setting::text);
    Ok(["latest"].into_iter().chain(own).filter_map(|tag| image_reference(tag).ok()).collect())
}

impl Stores {
    fn look(context: &Context) -> Result<Self, Failure> {
        let runner = Runner::new(&context.env);
        let engine = Engine::connect(&context.env, &runner)?;
        let has_buildah = is_installed(&context.env, "buildah");
        let listed = if has_buildah { runner.read(&buildah::images())?.text() } else { String::new() };
        let containers = runner.read(&engine.ctr.containers())?.text();
        let of_containers =
            image_list::used(&containers).map(|image| (image.to_owned(), "a container has it".to_owned()));
        let runs = known::runs(context)?;
        let of_runs = runs.iter().map(|run| {
            let spec = &run.record.spec;
            (spec.image.clone(), format!("the run {} has it; forget that first: bn container prune", spec.name))
        });
        let next = "bn container run takes it where no --tag is given";
        let defaults = default_images(context)?.into_iter().map(|image| (image, next.to_owned()));
        let used = of_runs.chain(of_containers).chain(defaults).collect();
        let table = runner.read(&engine.ctr.built_images())?.text();
        Ok(Self { stored: image_list::stored(&listed), table, used, engine, runner })
    }

    /// Removes an image wherever it is, or says why it stays; `None` where it is nowhere any more.
    fn prune(&self, candidate: &Candidate, dry_run: bool) -> Result<Option<Row>, Failure> {
        let Built { reference, id, .. } = &candidate.built;
        let stored = self.stored.iter().find(|stored| stored.id == *id);
        let imported = import::is_imported(reference, id, &self.engine, &self.runner)?;
        if stored.is_none() && !imported {
            if !dry_run {
                built::forget(&candidate.file, std::slice::from_ref(id))?;
            }
            return Ok(None);
        }
        let bytes = [
            stored.and_then(|stored| stored.bytes),
            imported.then(|| image_list::size_in(&self.table, reference)).flatten(),
        ];
        let row =
            |kept| Row { image: reference.clone(), id: id.clone(), bytes: bytes.into_iter().flatten().sum(), kept };
        let is_named = imported || stored.is_some_and(|stored| stored.names.contains(reference));
        if let Some(why) = self.why_kept(candidate, stored, is_named) {
            return Ok(Some(row(Some(why))));
        }
        let refused = if dry_run { None } else { self.remove(&candidate.built, stored, imported)? };
        if refused.is_none() && !dry_run {
            built::forget(&candidate.file, std::slice::from_ref(id))?;
        }
        Ok(Some(row(refused)))
    }

    fn why_kept(&self, candidate: &Candidate, stored: Option<&Stored>, is_named: bool) -> Option<String> {
        let Built { reference, .. } = &candidate.built;
        let user = self.used.iter().find(|(image, _)| is_named && image == reference).map(|(_, why)| why.clone());
        let other = stored.and_then(|stored| stored.names.iter().find(|name| *name != reference));
        let named = other.map(|name| format!("it has another name, too: {name}"));
        let shared = candidate.shared.then(|| "another repository has built the very same".to_owned());
        user.or(shared).or(named)
    }

    /// Why it could not be removed, where that was so: a container of somebody's may use it.
    fn remove(&self, built: &Built, stored: Option<&Stored>, imported: bool) -> Result<Option<String>, Failure> {
        if imported {
            self.runner.read(&self.engine.ctr.remove_image(&built.reference))?;
        }
        let Some(stored) = stored else { return Ok(None) };
        let what = stored.names.first().unwrap_or(&stored.id);
        let removed = self.runner.capture(&buildah::remove_image(what))?;
        Ok((!removed.success()).then(|| format!("buildah keeps it: {}", last_line(&removed.stderr))))
    }
}
