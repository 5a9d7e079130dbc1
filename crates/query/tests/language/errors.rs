//! What is refused, where, and with which remedy.

use query::{Query, Vocabulary};

/// The part of the text that is marked, and the sentence.
fn refusal(text: &str) -> (String, String) {
    let error = Query::parse(text).expect_err(text);
    (text[error.range].to_owned(), error.text)
}

#[test]
fn a_mistake_is_marked_and_has_a_remedy() {
    for (text, marked, sentence) in [
        (
            "kind:task stat:failed",
            "stat",
            "unknown field `stat`: did you mean `state`?",
        ),
        ("state:faild", "faild", "unknown state `faild`: did you mean `failed`?"),
        ("kind:taks", "taks", "unknown kind `taks`: did you mean `task`?"),
        ("kind:x", "x", "use agent, task, workflow, run"),
        ("age>10x", "10x", "unknown unit `x`: use s, m or min, h, d, % or k"),
        ("age>ten", "ten", "`age>` needs a number"),
        ("age:10m", "age:", "`age` is compared: write `age>10m`"),
        ("cost>10m", "10m", "`cost` is a number: write `10`"),
        ("progress<5h", "5h", "`progress` is a share: write `50%`"),
        ("age>50%", "50%", "`age` is a span of time"),
        (
            "label>3",
            "label>3",
            "`label` is a text and has no order: write `label:value`",
        ),
        ("state<3", "state<3", "`state` is a state and has no order"),
        ("needs_person:maybe", "maybe", "`needs_person` is true or false"),
        ("kind:/x/", "/x/", "`kind` is no text"),
        ("label:", "label:", "a value is missing behind `label:`"),
        ("a label: b", "label:", "a value is missing behind `label:`"),
        ("age > 10m", ">", "a name is missing before this sign"),
        ("label:\"\"", "label:\"\"", "write `label:*` for what is set"),
        ("\"\"", "\"\"", "this text is empty"),
        ("a or", "or", "`or` needs a term on both sides"),
        ("or a", "or", "`or` needs a term on both sides"),
        ("a and", "and", "`and` needs a term on both sides"),
        ("a and or b", "and", "`and` needs a term on both sides"),
        ("not", "not", "`not` needs a term behind it"),
        ("a - b", "-", "`-` needs a term directly behind it"),
        ("(a", "(", "this parenthesis is not closed: add `)`"),
        ("a)", ")", "no parenthesis is open here"),
        ("a ()", "()", "there is nothing in these parentheses"),
        ("\"ä", "\"ä", "this quote is not closed"),
        ("label:/ä", "/ä", "this regular expression is not closed"),
        (
            "label:/[/",
            "/[/",
            "this regular expression cannot be used: unclosed character class",
        ),
        ("//", "//", "this regular expression is empty"),
        ("\"a\"b", "b", "a space is missing here"),
        ("a:=b", "=", "a value does not begin like this"),
        ("a=>5", ">", "a value does not begin like this"),
        ("(a)(b)", "(", "a space is missing here"),
        ("label:f(x)", "(", "a space is missing here"),
        ("api_key:x", "api_key", "`api_key` is masked"),
        ("payload.password:x", "payload.password", "`password` is masked"),
        ("\"config\":*", "\"config\"", "`config` is masked"),
    ] {
        let (found, said) = refusal(text);
        assert_eq!(found, marked, "{text}: {said}");
        assert!(said.contains(sentence), "{text}: {said}");
        assert!(!said.contains('\n') && !said.ends_with('.'), "{text}: {said}");
    }
}

#[test]
fn limits_are_named() {
    let (marked, said) = refusal(&format!("{}é", "a".repeat(1_000)));
    assert_eq!(
        (marked.as_str(), said.contains("1000 characters")),
        ("é", true),
        "{said}"
    );
    assert!(Query::parse(&"é".repeat(1_000)).is_ok());
    assert!(Query::parse(&"a ".repeat(64)).is_ok());
    let (_, said) = refusal(&"a ".repeat(65));
    assert!(said.contains("64 terms"), "{said}");
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&nested(16)).is_ok());
    let (_, said) = refusal(&nested(17));
    assert!(said.contains("16 deep"), "{said}");
    assert!(Query::parse(&"/a/ ".repeat(8)).is_ok());
    let (_, said) = refusal(&"/a/ ".repeat(9));
    assert!(said.contains("8 regular expressions"), "{said}");
    let (_, said) = refusal(&format!("/{0}/ /{0}/", "a|".repeat(65)));
    assert!(said.contains("250 characters"), "{said}");
    let (_, said) = refusal(&format!("cost>{}", "1".repeat(19)));
    assert!(said.contains("too long"), "{said}");
}

#[test]
fn with_a_vocabulary_other_names_are_refused() {
    let mut vocabulary = Vocabulary::default();
    for column in ["owner", "titel", "payload", "api_key"] {
        vocabulary.add_column(column);
    }
    for text in ["owner:ada", "titel:x", "payload.city:Bonn", "state:failed", "word"] {
        assert!(Query::parse_with(text, &vocabulary).is_ok(), "{text}");
    }
    for (text, sentence) in [
        ("ower:ada", "did you mean `owner`?"),
        ("\"stat\":x", "did you mean `state`?"),
        ("zzzzzz:x", "use a column, or one of state, kind, label"),
        ("api_key:x", "masked"),
    ] {
        let error = Query::parse_with(text, &vocabulary).expect_err(text);
        assert!(error.text.contains(sentence), "{text}: {error}");
    }
}
