use serde_json::{Value, json};

use super::as_2;
use crate::run::record::RunError;
use crate::run::record::folder::Folder;
use crate::run::record::run_json::{FORMAT, Record};

/// As an older version wrote it at the end of a run.
const ENDED: &str = include_str!("ended.json");

fn old(change: impl FnOnce(&mut Value)) -> Record {
    let mut record = serde_json::from_str(ENDED).unwrap();
    change(&mut record);
    serde_json::from_value(as_2(record.to_string().as_bytes()).unwrap()).unwrap()
}

#[test]
fn an_old_record_says_the_same_in_fewer_words() {
    let record = serde_json::to_value(old(|_| ())).unwrap();
    let mut was: Value = serde_json::from_str(ENDED).unwrap();
    // What came later is empty, or not known, in an old run.
    was["collected"]["submodules"] = json!([]);
    was["spec"]["network"]["models"] = json!([]);
    was["spec"]["network"]["origin"] = Value::Null;
    for name in ["files", "remade"] {
        was["collected"][name] = Value::Null;
    }
    for name in ["state", "created_at", "started_at", "ended_at", "ending", "outcome", "collected", "handed_over"] {
        assert_eq!(record[name], was[name], "{name}");
    }
    for name in ["name", "session", "agent_type", "mode", "detached", "uid", "network", "graph", "runtime", "ctr"] {
        assert_eq!(record["spec"][name], was["spec"][name], "{name}");
    }
    assert_eq!(record["format"], FORMAT);
    assert_eq!(record["spec"]["checkout"], was["git"]["checkout"]);
    assert_eq!(record["spec"]["target"], json!({"branch": "main", "checkout": "/srv/repo"}));
    assert_eq!(record["spec"]["command"], json!(["sh", "-c", "echo 2 > f; git commit -qam two"]));
    assert_eq!(record["spec"]["agent"], "copilot");
    assert_eq!(record["spec"]["terminal"], false);
    assert_eq!(record["spec"]["image"], was["spec"]["container"]["image"]);
    assert_eq!(record["spec"]["limits"], was["spec"]["container"]["limits"]);
    assert_eq!(record["start"]["head"], was["git"]["checkout"]["head"]);
    assert_eq!(record["start"]["dot_git"], was["git"]["dot_git"]);
    assert_eq!(record["spec"].get("container"), None);
    assert_eq!(record.get("git"), None);
}

#[test]
fn what_can_be_derived_is_what_an_old_record_said() {
    let record = old(|_| ());
    let was: Value = serde_json::from_str(ENDED).unwrap();
    assert_eq!(record.spec.repo().as_str(), was["spec"]["repo"]);
    assert_eq!(record.spec.agent_shown(), was["spec"]["agent"].as_str().unwrap());
    let git = record.git(&Folder::new("/home/user/runs/old-1")).unwrap();
    assert_eq!((git.run.as_str(), git.base()), ("old-1", was["git"]["checkout"]["head"].as_str().unwrap()));
}

#[test]
fn a_run_that_was_never_prepared_and_one_in_the_terminal() {
    let record = old(|record| {
        record["git"] = Value::Null;
        record["spec"]["container"]["streams"] = json!({"Terminal": {"fifo_dir": null}});
        record["spec"]["container"]["args"] = json!(["/usr/local/bin/binnacle-entrypoint"]);
    });
    assert!(record.spec.terminal && record.start.is_none());
    assert_eq!(record.spec.agent_shown(), "copilot");
    let checkout = record.spec.checkout;
    assert_eq!(checkout.worktree.to_str(), Some("/srv/agent"));
    assert_eq!((checkout.branch.as_deref(), record.spec.target.branch.as_str()), (Some("agent"), "main"));
}

#[test]
fn damage_is_told_and_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::new(folder.path());
    for text in ["[1]", r#"{"format":1}"#, r#"{"format":1,"spec":[],"git":null}"#, r#"{"format":0,"spec":3}"#] {
        std::fs::write(folder.record(), text).unwrap();
        assert!(matches!(Record::load(&folder), Err(RunError::Damaged { .. })), "{text}");
    }
    std::fs::write(folder.record(), ENDED).unwrap();
    assert_eq!(Record::load(&folder).unwrap().name(), "old-1");
}
