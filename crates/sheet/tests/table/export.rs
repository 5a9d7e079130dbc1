//! What is copied and exported.

use proptest::prelude::*;
use query::Field;
use sheet::{Column, Exported, csv, json_lines, tsv};

use crate::rows::{TestRows, field, named};

/// Occurs in no name, no word and no other value.
const SECRET: &str = "zq9x";

#[derive(Debug, Clone, Copy)]
enum Format {
    Tsv,
    Csv,
    JsonLines,
}

const FORMATS: [Format; 3] = [Format::Tsv, Format::Csv, Format::JsonLines];

fn export(format: Format, columns: &[Column], rows: &TestRows, most: usize) -> (String, Exported) {
    let mut out = Vec::new();
    let exported = match format {
        Format::Tsv => tsv(&mut out, columns, rows.read(), most),
        Format::Csv => csv(&mut out, columns, rows.read(), most),
        Format::JsonLines => json_lines(&mut out, columns, rows.read(), most),
    };
    let text = String::from_utf8(out).expect("UTF-8");
    let exported = exported.expect("a vector takes everything");
    assert_eq!(exported.bytes, text.len());
    (text, exported)
}

fn all(format: Format, columns: &[Column], rows: &[&str]) -> String {
    let (text, exported) = export(format, columns, &TestRows::new(rows), usize::MAX);
    assert_eq!((exported.rows, exported.is_cut), (rows.len(), false));
    text
}

#[test]
fn values_are_complete_and_quoted() {
    let columns = [
        field(Field::State),
        named("title"),
        named("cost"),
        named("missing"),
        named("payload"),
    ];
    let row = r#"{"id":1,"title":"two\nlines, \"quoted\"","status":"pending_review","cost":12345678901234567890.10,
        "payload":{"a": [1.50, "x"]}}"#;
    assert_eq!(
        all(Format::Csv, &columns, &[row]),
        "state,title,cost,missing,payload\r\nwaiting,\"two\nlines, \"\"quoted\"\"\",12345678901234567890.10,,\"{\"\"a\"\":[1.50,\"\"x\"\"]}\"\r\n"
    );
    assert_eq!(
        all(Format::Tsv, &columns, &[row]),
        "state\ttitle\tcost\tmissing\tpayload\nwaiting\t\"two\nlines, \"\"quoted\"\"\"\t12345678901234567890.10\t\t\"{\"\"a\"\":[1.50,\"\"x\"\"]}\"\n"
    );
    assert_eq!(
        all(Format::JsonLines, &columns, &[row]),
        "{\"state\":\"waiting\",\"title\":\"two\\nlines, \\\"quoted\\\"\",\"cost\":12345678901234567890.10,\"payload\":{\"a\":[1.50,\"x\"]}}\n"
    );
    let long = "x".repeat(100_000);
    let row = format!(r#"{{"id":1,"title":"{long}"}}"#);
    for format in FORMATS {
        assert!(all(format, &columns, &[&row]).contains(&long), "{format:?}");
    }
}

#[test]
fn formulas_are_texts_and_numbers_stay_numbers() {
    for (json, cell) in [
        ("\"=1+1\"", "'=1+1"),
        ("\"+cmd|' /C calc'!A0\"", "'+cmd|' /C calc'!A0"),
        ("\"-2+3\"", "'-2+3"),
        ("\"@SUM(A1)\"", "'@SUM(A1)"),
        ("\"＝1\"", "'＝1"),
        ("\"\\r=1\"", "\"'\r=1\""),
        ("\"-inf\"", "'-inf"),
        ("\"+\"", "'+"),
        ("-5", "-5"),
        ("-1.5e-7", "-1.5e-7"),
        ("\"-5\"", "-5"),
        ("\"+49.5\"", "+49.5"),
        ("\"a=1\"", "a=1"),
        ("\"\"", ""),
        ("null", ""),
    ] {
        let row = format!(r#"{{"note":{json},"x":1}}"#);
        for format in [Format::Tsv, Format::Csv] {
            let text = all(format, &[named("x"), named("note")], &[&row]);
            let line = text.split_once('\n').expect("a heading").1;
            let separator = if matches!(format, Format::Tsv) { '\t' } else { ',' };
            assert_eq!(
                line.trim_end_matches('\n').trim_end_matches('\r'),
                format!("1{separator}{cell}"),
                "{json}"
            );
        }
    }
    let tab = r#"{"note":"\t=1"}"#;
    assert_eq!(all(Format::Tsv, &[named("note")], &[tab]), "note\n\"'\t=1\"\n");
    assert_eq!(all(Format::Csv, &[named("note")], &[tab]), "note\r\n'\t=1\r\n");
    let heading = all(Format::Csv, &[named("=cmd()")], &[]);
    assert_eq!(heading, "'=cmd()\r\n");
}

#[test]
fn secrets_are_left_out_also_within_json() {
    let columns = [
        named("api_key"),
        named("title"),
        named("payload"),
        field(Field::Label),
        named("config"),
    ];
    let row = format!(
        r#"{{"api_key":"{SECRET}","config":{{"a":"{SECRET}"}},"title":"t","payload":[{{"password":"{SECRET}","to\u006ben":["{SECRET}"],"n":{{"secret":{{"x":"{SECRET}"}}}}}}]}}"#
    );
    for format in FORMATS {
        let text = all(format, &columns, &[&row]);
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains("api_key") && !text.contains("config"), "{text}");
        assert!(text.contains('n'));
    }
}

#[test]
fn headings_differ() {
    let columns = [
        field(Field::State),
        named("state"),
        named("field:state"),
        field(Field::Kind),
    ];
    let row = r#"{"id":1,"status":"failed","state":"Bavaria"}"#;
    assert_eq!(
        all(Format::Csv, &columns, &[row]),
        "field:field:state,state,field:state,kind\r\nfailed,Bavaria,,task\r\n"
    );
}

#[test]
fn the_bound_is_kept_in_whole_rows() {
    let row = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000));
    let rows = TestRows::new(&[&*row; 10]);
    let columns = [named("a")];
    for format in FORMATS {
        let (whole, _) = export(format, &columns, &rows, usize::MAX);
        for most in [0, 1, 999, 1_500, 5_000, whole.len() - 1, whole.len()] {
            let (text, exported) = export(format, &columns, &rows, most);
            assert!(text.len() <= most);
            assert!(whole.starts_with(&text));
            assert_eq!(exported.is_cut, most < whole.len());
            assert_eq!(
                exported.rows,
                text.matches("xxx").count() / (1_000 / 3),
                "{format:?} {most}"
            );
        }
    }
}

proptest! {
    #[test]
    fn fields_come_apart_again(texts in prop::collection::vec("[^\u{feff}]{0,40}", 1..5)) {
        let columns: Vec<Column> = (0..texts.len()).map(|at| named(&format!("c{at}"))).collect();
        let cells: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| format!("\"c{at}\":{}", serde_json::to_string(text).expect("a text")))
            .collect();
        let row = format!("{{{}}}", cells.join(","));
        for (format, delimiter) in [(Format::Csv, b','), (Format::Tsv, b'\t')] {
            let text = all(format, &columns, &[&row]);
            let body = text.split_once('\n').expect("a heading").1;
            let read = fields(body, delimiter);
            prop_assert_eq!(read.len(), texts.len());
            for (read, text) in read.iter().zip(&texts) {
                prop_assert!(read == text || *read == format!("'{text}"), "{:?} {:?}", read, text);
            }
        }
        let line: serde_json::Value = serde_json::from_str(&all(Format::JsonLines, &columns, &[&row])).expect("JSON");
        for (at, text) in texts.iter().enumerate() {
            prop_assert_eq!(line[format!("c{at}")].as_str(), Some(text.as_str()));
        }
    }
}

/// The fields of the first record, read by the library that also writes them but in the other direction.
fn fields(text: &str, delimiter: u8) -> Vec<String> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut out, mut ends) = (vec![0; text.len() + 16], [0; 16]);
    let (_, _, _, count) = reader.read_record(text.as_bytes(), &mut out, &mut ends);
    let mut start = 0;
    ends[..count]
        .iter()
        .map(|end| {
            let field = String::from_utf8_lossy(&out[start..*end]).into_owned();
            start = *end;
            field
        })
        .collect()
}
