use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::container::credentials::Found;

/// Two runs of claude, whose folders are there and whose records are not: no owner, no container.
struct Scene {
    folder: TempDir,
    one: Share,
    two: Share,
}

fn credential(number: u32, expires: DateTime<Utc>) -> Credential {
    let file = json!({ "claudeAiOauth": {
        "accessToken": format!("at-{number}"), "refreshToken": format!("rt-{number}"),
        "expiresAt": expires.timestamp_millis(), "scopes": [],
    }});
    match credentials::read(Agent::Claude, file.to_string().as_bytes()).unwrap() {
        Found::Renewed(credential) => credential,
        Found::Lasting(_) => panic!("it is renewed"),
    }
}

fn now() -> DateTime<Utc> {
    crate::env::now()
}

impl Scene {
    fn new(expires: DateTime<Utc>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logins = Logins::new(folder.path().join("logins"));
        let share = |name: &str| {
            let home = folder.path().join(name);
            fs::create_dir(&home).unwrap();
            let (run, session) = (name.to_owned(), format!("run-{name}"));
            let own = Holder { run, session, folder: folder.path().join("nowhere"), home, recalled: None };
            Share { logins: logins.clone(), agent: Agent::Claude, own }
        };
        let (one, two) = (share("one"), share("two"));
        let sign_in = SignIn { credential: credential(1, expires), since: now(), renewed: None, holder: None };
        let _lock = logins.lock(Agent::Claude).unwrap();
        logins.keep(Agent::Claude, &Kept::SignIn(sign_in)).unwrap();
        Self { folder, one, two }
    }

    fn kept(&self) -> SignIn {
        self.one.logins.sign_in(Agent::Claude).unwrap().unwrap()
    }
}

fn file(share: &Share) -> PathBuf {
    share.own.home.join(".credentials.json")
}

fn tokens(share: &Share) -> Value {
    serde_json::from_slice::<Value>(&fs::read(file(share)).unwrap()).unwrap()["claudeAiOauth"].clone()
}

#[test]
fn who_begins_first_may_renew_and_what_was_renewed_is_kept_when_it_is_gone() {
    let scene = Scene::new(now() + Duration::hours(1));
    scene.one.give().unwrap();
    assert_eq!(tokens(&scene.one)["refreshToken"], "rt-1");
    assert_eq!(scene.kept().holder.unwrap().run, "one");
    fs::write(file(&scene.one), credential(2, now() + Duration::hours(8)).whole()).unwrap();
    // Nothing of the first runs any more.
    scene.two.give().unwrap();
    assert_eq!(tokens(&scene.two)["refreshToken"], "rt-2");
    assert!(!file(&scene.one).exists() && scene.kept().renewed.is_some());
    scene.two.end().unwrap();
    assert!(!file(&scene.two).exists() && scene.kept().holder.is_none());
}

#[test]
fn what_is_no_credential_file_any_more_is_not_taken_over() {
    let scene = Scene::new(now() + Duration::hours(1));
    let elsewhere = scene.folder.path().join("elsewhere");
    let newer = credential(2, now() + Duration::hours(8)).whole();
    fs::write(&elsewhere, &newer).unwrap();
    let path = file(&scene.one);
    let spoil: [&dyn Fn(); 7] = [
        &|| std::os::unix::fs::symlink(&elsewhere, &path).unwrap(),
        &|| rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap(),
        &|| fs::create_dir_all(path.join("x")).unwrap(),
        &|| fs::write(&path, [&newer[..], &b" ".repeat(100_000)].concat()).unwrap(),
        &|| fs::write(&path, &newer[1..]).unwrap(),
        &|| fs::write(&path, credential(2, now()).whole()).unwrap(),
        &|| fs::write(&path, credential(2, now() + Duration::days(4000)).whole()).unwrap(),
    ];
    for spoil in spoil {
        scene.one.give().unwrap();
        fs::remove_file(&path).unwrap();
        spoil();
        scene.one.end().unwrap();
        assert!(fs::symlink_metadata(&path).is_err());
        assert_eq!(scene.kept().credential.access(), "at-1");
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), newer);
}

#[test]
fn a_holder_that_does_not_renew_in_time_gives_way_and_one_that_just_did_stays() {
    let (scene, start) = (Scene::new(now() + Duration::minutes(10)), now());
    scene.one.give().unwrap();
    let mut sign_in = scene.kept();
    scene.two.recall(&mut sign_in, start).unwrap();
    assert_eq!(sign_in.holder.as_ref().unwrap().recalled, None, "there is time");
    let late = start + Duration::minutes(9);
    scene.one.recall(&mut sign_in, late).unwrap();
    assert_eq!(sign_in.holder.as_ref().unwrap().recalled, None, "from nobody but another");
    scene.two.recall(&mut sign_in, late).unwrap();
    assert_eq!(sign_in.holder.as_ref().unwrap().recalled, Some(late));
    assert_eq!(tokens(&scene.one)["refreshToken"], "", "it can begin to renew no more");
    scene.two.recall(&mut sign_in, late + Duration::seconds(30)).unwrap();
    assert!(sign_in.holder.is_some(), "it may be renewing");

    let mut renewed = sign_in.clone();
    fs::write(file(&scene.one), credential(2, now() + Duration::hours(8)).whole()).unwrap();
    take_over(&mut renewed, Agent::Claude);
    assert_eq!((renewed.credential.access(), renewed.holder.unwrap().recalled), ("at-2", None));

    scene.two.recall(&mut sign_in, late + Duration::seconds(46)).unwrap();
    assert_eq!(sign_in.holder, None);
}

#[test]
fn who_has_signed_out_leaves_no_copy() {
    let scene = Scene::new(now() + Duration::hours(1));
    let mut copy = Copy::default();
    scene.one.look(&mut copy).unwrap();
    assert!(file(&scene.one).exists());
    scene.one.logins.forget(Agent::Claude).unwrap();
    scene.one.look(&mut copy).unwrap();
    assert!(!file(&scene.one).exists());
}

#[test]
fn what_the_holder_is_writing_in_this_moment_is_not_written_over() {
    let scene = Scene::new(now() + Duration::hours(1));
    // A record that cannot be read: its run is taken to live.
    fs::create_dir(&scene.one.own.folder).unwrap();
    fs::write(scene.one.own.folder.join("run.json"), "").unwrap();
    scene.one.give().unwrap();
    let mut copy = scene.one.handed();
    let second = credential(2, now() + Duration::hours(2));
    fs::write(file(&scene.one), second.whole()).unwrap();
    settle(&scene.one.logins, Agent::Claude).unwrap();
    assert_eq!(scene.kept().credential, second);
    // Half of the third is there when the second is seen.
    fs::write(file(&scene.one), "{\"claudeAiOauth\":{").unwrap();
    scene.one.look(&mut copy).unwrap();
    assert_eq!(fs::read(file(&scene.one)).unwrap(), b"{\"claudeAiOauth\":{");
}

#[test]
fn a_holder_that_renews_in_the_moment_of_the_recall_stays_the_holder() {
    let (scene, late) = (Scene::new(now() + Duration::minutes(1)), now());
    scene.one.give().unwrap();
    let mut sign_in = scene.kept();
    let second = credential(2, now() + Duration::hours(8));
    fs::write(file(&scene.one), second.whole()).unwrap();
    scene.two.recall(&mut sign_in, late).unwrap();
    assert_eq!((&sign_in.credential, sign_in.holder.unwrap().recalled), (&second, None));
    assert_eq!(tokens(&scene.one)["refreshToken"], "rt-2");
    assert_eq!(fs::read_dir(&scene.one.own.home).unwrap().count(), 1);
}

/// An answer that was lost with the owner of a run: the token that renews is spent, and nobody can tell.
#[test]
fn a_run_that_renewed_nothing_after_the_end_of_its_token_says_how_to_sign_in_again() {
    let ended = now() - Duration::minutes(5);
    let scene = Scene::new(ended);
    scene.one.give().unwrap();
    let said = scene.one.end().unwrap().unwrap();
    assert_eq!(
        said,
        format!(
            "claude's token ended at {} UTC and was not renewed; if claude says that it is signed out: bn container login claude",
            ended.format("%Y-%m-%d %H:%M")
        )
    );
    scene.one.give().unwrap();
    fs::write(file(&scene.one), credential(2, now() + Duration::hours(8)).whole()).unwrap();
    assert_eq!(scene.one.end().unwrap(), None, "it was renewed");
    scene.one.give().unwrap();
    scene
        .two
        .logins
        .keep(Agent::Claude, &Kept::SignIn(SignIn { credential: credential(3, ended), ..scene.kept() }))
        .unwrap();
    assert_eq!(scene.two.end().unwrap(), None, "it had not the token that renews");
}
