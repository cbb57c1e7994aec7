use super::{Piece, mask};

/// The text with its formulas in brackets: `⟨inline⟩`, `⟪display⟫`.
fn found(markdown: &str) -> String {
    let masked = mask(markdown);
    let pieces = masked.pieces(&masked.text);
    let shown = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Formula(formula) if formula.display => format!("⟪{}⟫", formula.tex.trim()),
        Piece::Formula(formula) => format!("⟨{}⟩", formula.tex),
    });
    assert_eq!(masked.source(&masked.text), markdown);
    shown.collect()
}

#[test]
fn formulas_are_found_between_their_marks() {
    let cases = [
        ("$x$", "⟨x⟩"),
        ("a $x$, $y$.", "a ⟨x⟩, ⟨y⟩."),
        ("$x^2$-y and the $n$th", "⟨x^2⟩-y and the ⟨n⟩th"),
        ("\\(a\\)b\\[c\\]", "⟨a⟩b⟪c⟫"),
        ("$$a\nb$$", "⟪a\nb⟫"),
        ("设$x=1$时", "设⟨x=1⟩时"),
        ("$\\$5$", "⟨\\$5⟩"),
        ("$a\nb$", "⟨a\nb⟩"),
        ("$\\text{if } x$", "⟨\\text{if } x⟩"),
        ("$2x + 3$", "⟨2x + 3⟩"),
    ];
    for (markdown, expected) in cases {
        assert_eq!(found(markdown), expected);
    }
}

#[test]
fn prices_variables_and_code_are_no_formulas() {
    let same = [
        "$5",
        "$5 and $10",
        "$5-$10, ($5)–($10)",
        "**$5** or **$6**",
        "$5 to 10$ more",
        "US$5, A$6, R$7",
        "$HOME and $PATH",
        "$HOME/$USER",
        "$a and then b$",
        "$ x $",
        "\\$x\\$",
        "$$",
        "$$$$",
        "$x\n\ny$",
        "$$x\n\ny$$",
        "\\[x\n>\n\\]",
        "$a\n- b$",
        "`$x$` and `` \\(y\\) ``",
        "```\n$x$\n```",
        "    $x$ $$y$$",
        "\\\\(a\\\\)",
        "\\( \\)",
    ];
    for markdown in same {
        assert_eq!(found(markdown), markdown);
    }
}

#[test]
fn marks_of_ours_in_the_text_mean_nothing() {
    let masked = mask("a\u{fdd0}\u{fdd1}\u{fde1}b $x$");
    assert!(masked.text.starts_with("ab "));
    assert_eq!(masked.pieces("\u{fdd0}\u{fdd5}\u{fde1}").len(), 0);
}
