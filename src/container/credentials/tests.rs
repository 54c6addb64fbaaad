use serde_json::json;

use super::*;

fn claude(number: u32, expires: DateTime<Utc>) -> Value {
    json!({ "claudeAiOauth": {
        "accessToken": format!("sk-ant-oat01-{number}"), "refreshToken": format!("sk-ant-ort01-{number}"),
        "expiresAt": expires.timestamp_millis(), "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
    }})
}

fn codex(number: u32, renewed: DateTime<Utc>, account: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.encode(json!({ "exp": renewed.timestamp() + 3600 }).to_string());
    json!({
        "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": renewed.to_rfc3339(),
        "tokens": { "id_token": "e30.e30.x", "access_token": format!("e30.{claims}.{number}"),
            "oauth_provenance": { "issuer": "https://auth.openai.com", "client_id": "app" },
            "refresh_token": format!("rt-{number}"), "login_owner_id": "x", "account_id": account },
    })
}

fn taken(agent: Agent, file: &Value) -> Result<Credential, Refused> {
    match read(agent, file.to_string().as_bytes())? {
        Found::Renewed(credential) => Ok(credential),
        Found::Lasting(_) => panic!("it is renewed"),
    }
}

#[test]
fn what_the_programs_write_is_taken_and_nothing_beside_it() {
    let now = crate::env::now();
    let mut file = claude(1, now);
    file["mcpOAuth"] = json!({ "evil": { "serverUrl": "https://canary.example" } });
    let credential = taken(Agent::Claude, &file).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&credential.whole()).unwrap(), claude(1, now));
    assert_eq!(credential.expires().unwrap().timestamp_millis(), now.timestamp_millis());
    let without: Value = serde_json::from_slice(&credential.without_renewal()).unwrap();
    assert_eq!(without["claudeAiOauth"].get("refreshToken"), None);
    assert_eq!(without["claudeAiOauth"]["accessToken"], "sk-ant-oat01-1");

    let credential = taken(Agent::Codex, &codex(1, now, "a")).unwrap();
    assert_eq!(credential.expires().unwrap().timestamp(), now.timestamp() + 3600);
    let without: Value = serde_json::from_slice(&credential.without_renewal()).unwrap();
    assert_eq!(without["tokens"]["refresh_token"], "");
    assert!(!format!("{credential:?}").contains("rt-1"));
}

#[test]
fn a_token_that_is_never_renewed_is_one_word_of_its_own() {
    for (agent, file, token) in [
        (Agent::Copilot, "// comment\n{\"copilotTokens\": {\"https://github.com:ann\": \"gho_x\"}}", "gho_x"),
        (Agent::Copilot, "{\"copilot_tokens\": {\"h\": \"gho_y\"}, \"theme\": \"dark\"}", "gho_y"),
        (Agent::Codex, "{\"auth_mode\": \"apikey\", \"OPENAI_API_KEY\": \"sk-1\", \"tokens\": null}", "sk-1"),
    ] {
        assert!(matches!(read(agent, file.as_bytes()), Ok(Found::Lasting(found)) if found == token), "{file}");
    }
    for file in
        ["{}", "{\"copilotTokens\": {}}", "{\"copilotTokens\": {\"h\": \"two words\"}}", "{\"copilotTokens\": 7}"]
    {
        assert!(read(Agent::Copilot, file.as_bytes()).is_err(), "{file}");
    }
}

#[test]
fn what_is_no_credential_file_is_refused() {
    let now = crate::env::now();
    for text in ["", "[]", "null", "7", "{", "\0", "{\"claudeAiOauth\": []}", "{\"tokens\": \"x\"}", "\u{1f600}"] {
        assert!(read(Agent::Claude, text.as_bytes()).is_err(), "{text}");
        assert!(read(Agent::Codex, text.as_bytes()).is_err(), "{text}");
    }
    for (field, value) in [
        ("accessToken", json!("")),
        ("accessToken", json!("two words")),
        ("accessToken", json!("a\nb")),
        ("accessToken", json!(7)),
        ("accessToken", json!("x".repeat(LONGEST + 1))),
        ("refreshToken", json!("")),
        ("refreshToken", json!(null)),
        ("expiresAt", json!("tomorrow")),
        ("expiresAt", json!(null)),
        ("scopes", json!([{ "a": 1 }])),
        ("subscriptionType", json!({ "a": { "b": 1 } })),
        ("rateLimitTier", json!("\u{1b}[2J")),
    ] {
        let mut file = claude(1, now);
        file["claudeAiOauth"][field] = value.clone();
        assert!(taken(Agent::Claude, &file).is_err(), "{field} {value}");
    }
    let mut many = claude(1, now);
    (0..=MOST).for_each(|number| many["claudeAiOauth"][format!("f{number}")] = json!(1));
    assert!(taken(Agent::Claude, &many).is_err());
    let mut file = codex(1, now, "a");
    file["last_refresh"] = json!({ "tokens": 1 });
    assert!(taken(Agent::Codex, &file).is_err());
    assert!(taken(Agent::Codex, &claude(1, now)).is_err(), "of another agent");
}

#[test]
fn the_newest_of_one_account_counts_and_none_from_the_future() {
    let now = crate::env::now();
    let hours = Duration::hours;
    let newer = |agent, file: &Value, kept: &Value| {
        let kept = taken(agent, kept).unwrap();
        taken(agent, file).unwrap().in_place_of(&kept, now).map(drop).map_err(|Refused(why)| why)
    };
    let kept = claude(1, now + hours(1));
    assert_eq!(newer(Agent::Claude, &claude(2, now + hours(8)), &kept), Ok(()));
    assert_eq!(newer(Agent::Claude, &claude(2, now), &kept), Err("it is older than what is kept"));
    assert_eq!(newer(Agent::Claude, &claude(2, now + hours(24 * 400)), &kept), Err("it is from the future"));
    let kept = codex(1, now - hours(200), "a");
    assert_eq!(newer(Agent::Codex, &codex(2, now, "a"), &kept), Ok(()));
    assert_eq!(newer(Agent::Codex, &codex(2, now - hours(201), "a"), &kept), Err("it is older than what is kept"));
    assert_eq!(newer(Agent::Codex, &codex(2, now, "b"), &kept), Err("it is of another account"));
    assert_eq!(newer(Agent::Codex, &codex(2, now + hours(100), "a"), &kept), Err("it is from the future"));
    // Only newer versions of Claude Code say whose tokens they are.
    let (mut named, mut other) = (claude(2, now + hours(2)), claude(3, now + hours(2)));
    named["claudeAiOauth"]["accountUuid"] = json!("a");
    other["claudeAiOauth"]["accountUuid"] = json!("b");
    assert_eq!(newer(Agent::Claude, &named, &claude(1, now)), Ok(()));
    assert_eq!(newer(Agent::Claude, &other, &named), Err("it is of another account"));
}

#[test]
fn the_server_that_renews_stays_the_one_of_the_sign_in() {
    let now = crate::env::now();
    let kept = taken(Agent::Codex, &codex(1, now, "a")).unwrap();
    let mut elsewhere = codex(2, now, "a");
    elsewhere["tokens"]["oauth_provenance"]["issuer"] = json!("https://canary.example");
    elsewhere["tokens"]["another"] = json!({ "issuer": "https://canary.example" });
    let placed = taken(Agent::Codex, &elsewhere).unwrap().in_place_of(&kept, now).unwrap();
    let file: Value = serde_json::from_slice(&placed.whole()).unwrap();
    assert_eq!(file, codex(2, now, "a"));
    elsewhere["tokens"]["another"] = json!({ "deeper": { "still": 1 } });
    assert!(taken(Agent::Codex, &elsewhere).is_err());
}
