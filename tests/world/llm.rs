//! Providers, settings, secrets.

use std::path::Path;

use tinyml::world::llm::{Provider, Secret, prompt_digest};
use tinyml::world::{ProviderSettings, Settings, ToolchainKind, World};

fn settings(text: &str) -> Result<Settings, tinyml::base::Diag> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".config")).unwrap();
    std::fs::create_dir_all(folder.path().join("specs/deep")).unwrap();
    std::fs::write(folder.path().join(".config/tinyml.toml"), text).unwrap();
    World::with_environment([]).settings(&folder.path().join("specs/deep"))
}

fn replay(path: &Path) -> Box<dyn Provider> {
    World::new().provider(&ProviderSettings::Replay(path.into())).unwrap()
}

#[test]
fn a_person_is_asked_when_nobody_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let settings = World::with_environment([]).settings(folder.path()).unwrap();
    assert_eq!(settings.provider, ProviderSettings::Manual);
    let provider = World::new().provider(&settings.provider).unwrap();
    let diag = provider.complete("write it").unwrap_err().into_diag("despike");
    assert_eq!(diag.code, "tml::provider");
    let help = diag.help.unwrap();
    assert!(help.contains("--export despike") && help.contains("--adopt despike"), "{help}");
}

#[test]
fn a_folder_of_answers_replays_known_prompts_only() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{}.md", &prompt_digest("write it").hex()[..16]);
    std::fs::write(folder.path().join(name), "```c\nint x;\n```").unwrap();
    std::fs::write(folder.path().join("README.md"), "about").unwrap();
    let provider = replay(folder.path());
    assert_eq!(provider.complete("write it").unwrap().text, "```c\nint x;\n```");
    let diag = provider.complete("write it!").unwrap_err().into_diag("despike");
    assert!(diag.notes[0].contains(&prompt_digest("write it!").hex()), "{diag:?}");
}

#[test]
fn lines_of_answers_carry_model_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    let digest = prompt_digest("write it").hex();
    let line = format!(
        "{{\"prompt\":\"b3:{digest}\",\"text\":\"code\",\"model\":\"m\",\"tokens\":{{\"input\":3,\"output\":4}}}}\n\n"
    );
    std::fs::write(&path, line).unwrap();
    let answer = replay(&path).complete("write it").unwrap();
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("code", "m"));
    assert_eq!((answer.tokens.input, answer.tokens.output), (3, 4));
}

#[test]
fn a_wrong_recording_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    for wrong in ["{", "{\"prompt\":\"b3:12\",\"text\":\"\"}", "{\"prompt\":1}", "[]"] {
        std::fs::write(&path, format!("\n{wrong}\n")).unwrap();
        let diag = World::new().provider(&ProviderSettings::Replay(path.clone())).err().unwrap();
        assert!(diag.title.contains("line 2 of the recording"), "{diag}");
    }
    let missing = World::new().provider(&ProviderSettings::Replay("no/such".into())).err().unwrap();
    assert_eq!(missing.code, "tml::disk");
}

#[test]
fn settings_are_found_above_the_spec() {
    let found =
        settings("toolchain = \"gcc\"\nreview = \"required\"\n[provider]\nkind = \"replay\"\npath = \"a.jsonl\"\n");
    let found = found.unwrap();
    assert_eq!(found.toolchain, ToolchainKind::Gcc);
    assert!(found.review_required);
    let ProviderSettings::Replay(path) = found.provider else { panic!("{:?}", found.provider) };
    // Beside `.config`, not inside.
    assert_eq!(path.parent(), found.files[0].parent().unwrap().parent());
}

#[test]
fn a_projects_settings_win_over_the_users() {
    let (project, user) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(project.path().join(".config")).unwrap();
    std::fs::create_dir_all(user.path().join("cargo-tinyml")).unwrap();
    std::fs::write(project.path().join(".config/tinyml.toml"), "toolchain = \"zig\"").unwrap();
    std::fs::write(user.path().join("cargo-tinyml/tinyml.toml"), "toolchain = \"gcc\"\nreview = \"required\"").unwrap();
    let world = crate::world_with(&[("XDG_CONFIG_HOME", user.path())]);
    let settings = world.settings(project.path()).unwrap();
    assert_eq!((settings.toolchain, settings.review_required), (ToolchainKind::Zig, true));
    assert_eq!(settings.files.len(), 2);
}

#[test]
fn wrong_settings_are_shown_at_their_place() {
    for (text, marked) in [
        ("toolchian = \"zig\"", "toolchian"),
        ("toolchain = \"gc\"", "\"gc\""),
        ("[provider]\nkind = \"openai\"", "\"openai\""),
        ("[provider]\nkind = \"replay\"", "\"replay\""),
        ("[provider]\nkind = \"manual\"\npath = \"x\"", "\"x\""),
        ("[provider]\nkind = \"manual\"\nkey = \"x\"", "key"),
        ("toolchain = 3", "3"),
    ] {
        let diag = settings(text).unwrap_err();
        assert_eq!(diag.code, "tml::config", "{text}");
        assert_eq!(diag.labels[0].0.text(), marked, "{text}: {diag}");
    }
    assert!(settings("toolchain =").is_err());
    assert_eq!(settings("toolchain = \"gc\"").unwrap_err().help.unwrap(), "did you mean `gcc`?");
}

#[test]
fn a_secret_never_shows() {
    let secret = Secret::new("sk-12345");
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(secret.redact("key sk-12345 is wrong"), "key *** is wrong");
}
