//! Which writing wins, and what is said about names. Through `Config::load`, the only way in.

use std::fs::Permissions;

use tempfile::TempDir;

use super::*;
use crate::config::{Config, Need, Refused};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        put(folder.path(), path, text);
    }
    folder
}

fn put(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

fn load(folder: &TempDir, environment: &[(&str, &str)]) -> Result<(Config, Vec<String>), Refused> {
    Config::load(&Sources::below(folder.path(), environment), Need::Nothing)
}

fn line_of(config: &Config, name: &str) -> String {
    let name = format!("{name} = ");
    let lines = config.summary().iter();
    lines
        .filter(|line| line.starts_with(&name))
        .cloned()
        .collect()
}

const CONFIG: &str = "etc/svs-bot/config.toml";

#[test]
fn the_environment_beats_credentials_beat_env_file_beats_config_file() {
    let folder = folder(&[]);
    let credentials = folder.path().join("run").display().to_string();
    let rpm = |environment: &[(&str, &str)]| {
        let (config, _) = load(&folder, environment).unwrap();
        line_of(&config, "KEY_RPM")
    };
    let here = [("CREDENTIALS_DIRECTORY", credentials.as_str())];
    let path = folder.path().join(CONFIG);

    assert_eq!(rpm(&[]), "KEY_RPM = 10 or the model's (default)");
    put(folder.path(), CONFIG, "# one\nkey_rpm = 1\n");
    assert_eq!(rpm(&[]), format!("KEY_RPM = 1 ({} line 2)", path.display()));
    put(folder.path(), "work/.env", "\n\nKEY_RPM=2\n");
    assert_eq!(rpm(&[]), "KEY_RPM = 2 (.env line 3)");
    put(folder.path(), "run/key_rpm", "3\n");
    assert_eq!(rpm(&here), "KEY_RPM = 3 (credential)");
    let both = [here[0], ("KEY_RPM", "4")];
    assert_eq!(rpm(&both), "KEY_RPM = 4 (environment)");
}

#[test]
fn an_empty_value_leaves_the_weaker_source_in_force() {
    let folder = folder(&[("work/.env", "KEY_RPM=7\n")]);
    let (config, _) = load(&folder, &[("KEY_RPM", " ")]).unwrap();
    assert_eq!(config.key_policy.rpm, Some(7));
}

#[test]
fn the_named_config_file_goes_before_the_systems_and_that_before_the_users() {
    let folder = folder(&[("home/config/config.toml", "key_rpm = 1")]);
    let mut sources = Sources::below(folder.path(), &[]);
    let rpm = |sources: &Sources| {
        let (config, _) = Config::load(sources, Need::Nothing).unwrap();
        config.key_policy.rpm
    };
    assert_eq!(rpm(&sources), Some(1));
    put(folder.path(), CONFIG, "key_rpm = 2");
    assert_eq!(rpm(&sources), Some(2));
    put(folder.path(), "own.toml", "key_rpm = 3");
    sources.config = Some(folder.path().join("own.toml"));
    assert_eq!(rpm(&sources), Some(3));
    sources.config = Some(folder.path().join("missing.toml"));
    let refused = Config::load(&sources, Need::Nothing).unwrap_err();
    assert!(refused.to_string().contains("missing.toml: cannot be read"));
}

#[test]
fn within_a_source_the_proper_name_beats_its_aliases_and_the_later_line_the_earlier() {
    for (env_file, token) in [
        ("TELEGRAM_TOKEN=3:c", "3:c"),
        ("TELEGRAM_BOT_SVSKILO_TOKEN=2:b\nTELEGRAM_TOKEN=3:c", "2:b"),
        ("TELEGRAM_BOT_TOKEN=1:a\nTELEGRAM_TOKEN=3:c", "1:a"),
        ("TELEGRAM_BOT_TOKEN=1:a\nTELEGRAM_BOT_TOKEN=4:d", "4:d"),
    ] {
        let folder = folder(&[("work/.env", env_file)]);
        let (config, _) = load(&folder, &[]).unwrap();
        assert_eq!(config.token().unwrap().expose(), token, "{env_file}");
    }
    let folder = folder(&[("work/.env", "TELEGRAM_BOT_TOKEN=1:a")]);
    let (config, _) = load(&folder, &[("TELEGRAM_TOKEN", "3:c")]).unwrap();
    assert_eq!(config.token().unwrap().expose(), "3:c");
}

#[test]
fn an_unknown_name_is_a_mistake_in_the_config_file_a_warning_in_env_nothing_in_the_environment() {
    let env_file = "KEY_RPN=5\nKEY_RPN=6\nSOMETHING_ELSE=1";
    let folder = folder(&[("work/.env", env_file)]);
    let (_, warnings) = load(&folder, &[("KEY_RPO", "5")]).unwrap();
    assert_eq!(
        warnings,
        [
            "KEY_RPN (.env line 1) is not a setting of this bot; did you mean KEY_RPM?",
            "SOMETHING_ELSE (.env line 3) is not a setting of this bot",
        ]
    );
    put(folder.path(), CONFIG, "\nkey_rpn = 5\nzzz = 1");
    let refused = load(&folder, &[]).unwrap_err();
    let path = folder.path().join(CONFIG).display().to_string();
    let mistakes: Vec<_> = refused.mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        mistakes,
        [
            format!("key_rpn ({path} line 2): unknown setting; did you mean key_rpm?"),
            format!("zzz ({path} line 3): unknown setting; delete it"),
        ]
    );
    assert_eq!(refused.warnings, warnings);
}

#[test]
fn leftovers_of_the_old_bot_are_named_once() {
    let folder = folder(&[
        ("work/.env", "SUPABASE_URL=x\nREDIS_HOST=y\n"),
        (CONFIG, "database_url = 'z'\n"),
    ]);
    let (_, warnings) = load(&folder, &[("SUPABASE_URL", "x")]).unwrap();
    assert_eq!(
        warnings,
        ["no longer needed, can be deleted: DATABASE_URL, REDIS_HOST, SUPABASE_URL"]
    );
}

#[test]
fn a_file_with_secrets_that_others_may_read_is_warned_about() {
    let folder = folder(&[
        ("work/.env", "TELEGRAM_TOKEN=1:a\n"),
        (CONFIG, "key_rpm = 5\n"),
    ]);
    let (_, warnings) = load(&folder, &[]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    for path in ["work/.env", CONFIG] {
        let open = Permissions::from_mode(0o640);
        fs::set_permissions(folder.path().join(path), open).unwrap();
    }
    let (_, warnings) = load(&folder, &[]).unwrap();
    assert_eq!(warnings.len(), 1, "the config file holds no secret");
    assert!(warnings[0].contains(".env holds secrets"), "{warnings:?}");
}

#[test]
fn a_python_environment_named_dot_env_is_not_a_settings_file() {
    let folder = folder(&[("work/.env/bin/python", "")]);
    assert!(load(&folder, &[]).is_ok());
}

#[test]
fn a_file_that_is_not_text_or_has_no_end_is_refused_with_a_reason() {
    let folder = folder(&[("work/.env", "")]);
    fs::write(folder.path().join("work/.env"), [0xff, 0xfe, b'A']).unwrap();
    put(folder.path(), CONFIG, &"#".repeat((1 << 20) + 1));
    let said = load(&folder, &[]).unwrap_err().to_string();
    assert!(
        said.contains(".env: cannot be read (it begins as UTF-16 and is not; save it as UTF-8)"),
        "{said}"
    );
    assert!(
        said.contains("config.toml: cannot be read (larger than 1 MB)"),
        "{said}"
    );
}

#[test]
fn a_dotenv_file_in_utf_16_is_read_and_one_without_its_mark_is_named_for_what_it_is() {
    let text = "KEY_RPM=7 # \u{4f60}\u{1f600}\r\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let folder = folder(&[("work/.env", "")]);
    let read = |mark: &[u8], bytes: &[u8]| {
        fs::write(folder.path().join("work/.env"), [mark, bytes].concat()).unwrap();
        load(&folder, &[])
    };
    for (mark, bytes) in [
        (&[0xff, 0xfe][..], &little),
        (&[0xfe, 0xff], &big),
        (&[], &text.as_bytes().to_vec()),
        (&[0xef, 0xbb, 0xbf], &text.as_bytes().to_vec()),
    ] {
        let (config, _) = read(mark, bytes).unwrap();
        assert_eq!(config.key_policy.rpm, Some(7), "{mark:?}");
    }
    for (mark, bytes, why) in [
        (
            &[][..],
            &little[..],
            "it is UTF-16 without a byte-order mark",
        ),
        (&[], &big, "it is UTF-16 without a byte-order mark"),
        (&[0xff, 0xfe], &[0, 0xd8], "it begins as UTF-16 and is not"),
        (&[], &[b'A', 0xff], "it is not UTF-8"),
    ] {
        let said = read(mark, bytes).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
        assert!(said.contains("save it as UTF-8"), "{said}");
    }
}

#[test]
fn the_home_folder_is_found_in_paths_as_a_shell_finds_it() {
    let folder = folder(&[]);
    let home = ("HOME", "/home/me");
    for (written, path) in [
        ("~/bot/x.redb", "/home/me/bot/x.redb"),
        ("$HOME/bot/x.redb", "/home/me/bot/x.redb"),
        ("${HOME}/x.redb", "/home/me/x.redb"),
        ("/a/~/x.redb", "/a/~/x.redb"),
        ("~other/x.redb", "~other/x.redb"),
        ("$HOMES/x.redb", "$HOMES/x.redb"),
    ] {
        let environment = [home, ("DATA_FILE", written), ("BACKUP_DIR", written)];
        let (config, _) = load(&folder, &environment).unwrap();
        assert_eq!(config.data.file, Path::new(path));
        assert_eq!(config.data.backup_dir, Path::new(path));
    }
    let (config, _) = load(&folder, &[home, ("BACKUP_DIR", "~")]).unwrap();
    assert_eq!(config.data.backup_dir, Path::new("/home/me"));
    let said = load(&folder, &[("DATA_FILE", "~/x.redb")]).unwrap_err();
    assert!(said.to_string().contains("HOME is not set"), "{said}");
}
