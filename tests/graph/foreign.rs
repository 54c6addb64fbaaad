//! What other trackers export, taken in: their ids are mapped and remembered, and a second time changes nothing.

use serde_json::Value;

use crate::world::World;

/// As `.beads/issues.jsonl` has them: a parent, a chain, a comment, a tombstone, a label with spaces, and links that cannot be.
const BEADS: &str = r##"{"id":"shop-a3f8","title":"The shop","description":"All of it","status":"open","priority":1,"issue_type":"epic","created_at":"2025-12-13T08:41:34.956552+11:00","updated_at":"2025-12-13T08:43:49.970591+11:00","labels":["good first issue","UI"]}
{"id":"shop-a3f8.1","title":"A cart","status":"in_progress","priority":0,"issue_type":"feature","assignee":"ann","design":"A table","created_at":"2025-12-14T00:00:00Z","updated_at":"2025-12-15T00:00:00Z","dependencies":[{"issue_id":"shop-a3f8.1","depends_on_id":"shop-a3f8","type":"parent-child","created_at":"2025-12-14T00:00:00Z","created_by":"daemon"}],"comments":[{"id":1,"issue_id":"shop-a3f8.1","author":"bob","text":"mind the tax","created_at":"2025-12-14T12:00:00Z"}]}
{"id":"shop-a3f8.2","title":"A till","status":"blocked","priority":2,"issue_type":"molecule","created_at":"2025-12-14T00:00:01Z","updated_at":"2025-12-14T00:00:01Z","dependencies":[{"issue_id":"shop-a3f8.2","depends_on_id":"shop-a3f8.1","type":"blocks"},{"issue_id":"shop-a3f8.2","depends_on_id":"shop-zz","type":"blocks"}]}
{"id":"shop-c1","title":"A cycle","status":"open","created_at":"2025-12-14T00:00:02Z","updated_at":"2025-12-14T00:00:02Z","dependencies":[{"issue_id":"shop-c1","depends_on_id":"shop-c2","type":"blocks"}]}
{"id":"shop-c2","title":"And back","status":"open","created_at":"2025-12-14T00:00:03Z","updated_at":"2025-12-14T00:00:03Z","dependencies":[{"issue_id":"shop-c2","depends_on_id":"shop-c1","type":"blocks"}]}
{"id":"shop-old","title":"Done","status":"closed","priority":3,"issue_type":"bug","created_at":"2025-12-14T00:00:04Z","updated_at":"2025-12-16T00:00:00Z","closed_at":"2025-12-16T00:00:00Z","close_reason":"fixed"}
{"id":"shop-gone","title":"Gone","status":"tombstone","created_at":"2025-12-14T00:00:05Z","updated_at":"2025-12-17T00:00:00Z","deleted_at":"2025-12-17T00:00:00Z","original_type":"bug"}
{"_type":"memory","key":"x","value":"y"}
"##;

const GITHUB: &str = r##"[
  {"number":12,"title":"Crash","body":"It crashes.\r\nAlways.","state":"OPEN","labels":[{"id":"L1","name":"bug","color":"f00"},{"name":"priority: high"}],"assignees":[{"login":"ann"}],"author":{"login":"eve"},"createdAt":"2025-01-02T03:04:05Z","updatedAt":"2025-01-03T03:04:05Z","comments":[{"author":{"login":"bob"},"body":"me too","createdAt":"2025-01-02T04:00:00Z"}]},
  {"number":7,"title":"No","state":"CLOSED","stateReason":"NOT_PLANNED","labels":[],"createdAt":"2025-01-01T00:00:00Z","closedAt":"2025-01-04T00:00:00Z"}
]"##;

fn import(world: &World, from: &str, text: &str) -> Value {
    world.feed(&["import", "--from", from, "--json"], text).json()
}

#[test]
fn beads_come_with_their_links_and_comments() {
    let world = World::new();
    let answer = import(&world, "beads", BEADS);
    assert_eq!(
        (&answer["tasks_added"], &answer["links_added"], &answer["links_refused"]),
        (&7.into(), &3.into(), &2.into())
    );
    let left_out: Vec<&str> = answer["left_out"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
    assert!(left_out[0].starts_with("line 3: shop-a3f8.2 depends_on shop-zz: it is not in the file"), "{left_out:?}");
    assert!(left_out[1].starts_with("line 5: shop-c2 depends_on shop-c1: that would close a cycle"), "{left_out:?}");
    let cart = world.json(&["show", "shop-a3f8.1"]);
    assert_eq!(cart["title"], "A cart");
    assert_eq!((&cart["type"], &cart["priority"], &cart["status"]), (&"feature".into(), &0.into(), &"open".into()));
    assert_eq!(cart["assignee"], "ann");
    assert_eq!(cart["description"], "## Design\n\nA table");
    assert_eq!(cart["imported_from"][0], "beads:shop-a3f8.1");
    assert_eq!((&cart["notes"][0]["text"], &cart["notes"][0]["author"]), (&"mind the tax".into(), &"bob".into()));
    assert_eq!(cart["links"].as_array().unwrap().len(), 2, "{cart}");
    assert_eq!(world.json(&["show", "shop-a3f8"])["tags"], serde_json::json!(["good-first-issue", "ui"]));
    assert_eq!(world.json(&["show", "shop-a3f8.2"])["tags"], serde_json::json!(["molecule"]));
    assert_eq!(world.json(&["show", "shop-old"])["status"], "done");
    assert_eq!(world.json(&["doctor"])["well"], true);
    // It is not in somebody's hands for ever.
    world.agent("bob", &["task", "claim", "shop-a3f8.1"]).ok();
}

#[test]
fn a_second_import_changes_nothing_and_a_later_one_what_has_changed() {
    for (from, text) in [("beads", BEADS), ("github", GITHUB)] {
        let world = World::new();
        import(&world, from, text);
        let exported = world.bn(&["export"]).ok();
        let again = import(&world, from, text);
        assert_eq!(
            (&again["tasks_added"], &again["tasks_updated"], &again["events_added"]),
            (&0.into(), &0.into(), &0.into())
        );
        assert_eq!(world.bn(&["export"]).ok(), exported, "{from}");
        // The mapping goes where the graph goes.
        let other = World::new();
        other.feed(&["import"], &exported).ok();
        assert_eq!(import(&other, from, text)["tasks_added"], 0);
        assert_eq!(other.bn(&["export"]).ok(), exported, "{from}");
    }
    let world = World::new();
    import(&world, "beads", BEADS);
    world.agent("bob", &["task", "claim", "shop-a3f8.1"]).ok();
    world.bn(&["task", "update", "shop-c1", "--title", "Mine"]).ok();
    let changed = BEADS
        .replace("A cart\"", "A trolley\"")
        .replace("2025-12-15T00:00:00Z", "2099-01-01T00:00:00Z")
        .replace("A cycle\"", "A ring\"");
    assert_eq!(import(&world, "beads", &changed)["tasks_updated"], 1);
    let cart = world.json(&["show", "shop-a3f8.1"]);
    assert_eq!(
        (&cart["title"], &cart["status"], &cart["assignee"]),
        (&"A trolley".into(), &"in_progress".into(), &"bob".into())
    );
    assert_eq!(world.json(&["show", "shop-c1"])["title"], "Mine", "what was changed here later stays");
}

#[test]
fn issues_of_github_come_with_labels_and_comments() {
    let world = World::new();
    assert_eq!(import(&world, "github", GITHUB)["tasks_added"], 2);
    let crash = world.json(&["show", "#12"]);
    assert_eq!((&crash["type"], &crash["priority"], &crash["created_by"]), (&"bug".into(), &1.into(), &"eve".into()));
    assert_eq!(crash["description"], "It crashes.\nAlways.");
    assert_eq!(
        (&crash["tags"], &crash["notes"][0]["text"]),
        (&serde_json::json!(["bug", "priority:high"]), &"me too".into())
    );
    assert_eq!(world.json(&["show", "#7"])["status"], "cancelled");
    // The least that can be asked for.
    let least = r#"[{"number":1,"title":"Small","state":"OPEN","labels":[],"body":""}]"#;
    assert_eq!(import(&world, "github", least)["tasks_added"], 1);
    assert_eq!(import(&world, "github", &least.replace("Small", "Less"))["tasks_updated"], 1);
    assert_eq!(world.json(&["show", "#1"])["title"], "Less");
    let wrong = world.feed(&["import", "--from", "github"], "[{\"title\":\"x\"}]").refused(1);
    assert!(wrong.contains("issue 1 of the list: missing field `number`"), "{wrong}");
    let wrong = world.feed(&["import", "--from", "beads"], "\n{\"id\":\"x\"}").refused(1);
    assert!(wrong.contains("line 2: missing field `title`"), "{wrong}");
}

/// Ids, tags and a mark at its beginning as other programs write them, in bn's own format.
#[test]
fn foreign_ids_in_our_own_format_are_mapped_too() {
    let task = |id: &str, more: &str| {
        format!(
            r#"{{"record":"task","id":"{id}","title":"T {id}","created_by":"x","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"{more}}}"#
        )
    };
    let text = format!(
        "\u{feff}{{\"record\":\"graph\",\"version\":1}}\n{}\n{}\n{}\n",
        task("shop-a3f8.1", r#","tags":["two words"],"status":"in_progress""#),
        task("JIRA-7", ""),
        r#"{"record":"link","source":"JIRA-7","type":"depends_on","target":"shop-a3f8.1"}"#
    );
    let world = World::new();
    world.feed(&["import"], &text).ok();
    let shop = world.json(&["show", "shop-a3f8.1"]);
    assert_eq!((&shop["tags"], &shop["status"]), (&serde_json::json!(["two-words"]), &"open".into()));
    assert!(shop["id"].as_str().unwrap().starts_with("bn-"));
    assert_eq!(shop["links"][0]["relation"], "blocks");
    let exported = world.bn(&["export"]).ok();
    world.feed(&["import"], &text).ok();
    assert_eq!(world.bn(&["export"]).ok(), exported);
    for (line, says) in [
        (
            r#"{"record":"link","source":"JIRA-7","type":"depends_on","target":"nowhere"}"#,
            "there is no task nowhere (line 5)",
        ),
        (r#"{"record":"link","source":"shop-a3f8.1","type":"depends_on","target":"JIRA-7"}"#, "(line 5)"),
        (r#"{"record":"link","source":"JIRA-7","type":"depends_on","target":"JIRA-7"}"#, "(line 5)"),
    ] {
        let said = world.feed(&["import"], &format!("{text}{line}\n")).refused(1);
        assert!(said.contains(says), "{said}");
    }
    let said = world.feed(&["import"], &task("two words", "")).refused(1);
    assert!(said.contains("line 1: \"two words\" is not a task's id: up to 128 letters without spaces"), "{said}");
}
