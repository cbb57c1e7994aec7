use super::{script, symbols, unicode};

fn check(cases: &[(&str, &str)]) {
    for (tex, expected) in cases {
        assert_eq!(unicode(tex), *expected, "{tex}");
    }
}

#[test]
fn signs_stand_as_in_print() {
    check(&[
        ("", ""),
        ("x", "x"),
        ("\\alpha\\beta \\gamma", "αβγ"),
        ("2\\pi r", "2πr"),
        ("a\\leq b \\ne c", "a ≤ b ≠ c"),
        ("a \\cdot b\\times c", "a · b × c"),
        ("\\pm 1", "±1"),
        ("f: A \\to B", "f: A → B"),
        ("x \\in \\mathbb{R}^n \\setminus \\{0\\}", "x ∈ ℝⁿ ∖ {0}"),
        (
            "A \\subseteq B \\implies A \\cap B = A",
            "A ⊆ B ⟹ A ∩ B = A",
        ),
        ("\\forall\\epsilon>0\\;\\exists\\delta", "∀ε>0 ∃δ"),
        ("a-b", "a−b"),
        ("f'(x)", "f′(x)"),
        ("50\\% \\$5 \\_ \\& \\#", "50% $5 _ & #"),
        ("a\\quad b\\,c\\!d~e", "a b cd e"),
        ("1, 2, \\ldots, n", "1, 2, …, n"),
        ("\\sin\\theta + 2\\cos(x) \\log n", "sin θ + 2 cos(x) log n"),
    ]);
}

#[test]
fn scripts_are_small_where_unicode_has_them() {
    check(&[
        ("x^2 + y_1", "x² + y₁"),
        ("x^{n+1}_{i}", "xⁿ⁺¹ᵢ"),
        ("a^{-1}", "a⁻¹"),
        ("e^{i\\pi}", "e^(iπ)"),
        ("e^{-x^2}", "e^(−x²)"),
        ("x_{target}", "x_(target)"),
        ("x_{\\text{max}}", "xₘₐₓ"),
        ("a_\\infty", "a_∞"),
        ("90^\\circ", "90°"),
        ("A^T A^*", "Aᵀ A^*"),
        ("\\sum_{i=1}^{n} i^2", "∑ᵢ₌₁ⁿ i²"),
        ("\\int_0^\\infty e^{-x} dx", "∫₀^∞ e⁻ˣ dx"),
        ("\\lim_{x \\to 0} f(x)", "lim_(x→0) f(x)"),
        ("\\max_i a", "maxᵢ a"),
        ("x^", "x^"),
        ("x_{} y", "x_ y"),
        ("a_{n = 1 mod p}", "a_(n=1 mod p)"),
    ]);
    assert_eq!(script("12", true).as_deref(), Some("¹²"));
    assert_eq!(script("Q", true), None);
    assert_eq!(script("", false), None);
}

#[test]
fn fractions_and_roots_have_brackets_where_needed() {
    check(&[
        ("\\frac12", "½"),
        ("1\\frac{3}{4}", "1¾"),
        ("\\frac{a}{b}", "a/b"),
        ("\\frac{dy}{dx}", "dy/dx"),
        ("\\frac{\\partial f}{\\partial x}", "∂f/∂x"),
        ("\\frac{a+b}{2}", "(a+b)/2"),
        ("\\frac{1}{2x}", "1/(2x)"),
        (
            "\\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}",
            "(−b ± √(b²−4ac))/(2a)",
        ),
        ("\\frac{n(n+1)(2n+1)}{6}", "n(n+1)(2n+1)/6"),
        ("\\frac{a}{b}c", "a/b c"),
        ("\\frac{\\frac{a}{b}}{c}", "(a/b)/c"),
        ("\\frac{x^2}{y_1}", "x²/y₁"),
        ("\\sqrt{2} + \\sqrt{x+1}", "√2 + √(x+1)"),
        ("\\sqrt[3]{8} \\sqrt[n]{x}", "∛8 ⁿ√x"),
        ("\\sqrt x y", "√x y"),
        ("\\binom{n}{k}", "C(n, k)"),
    ]);
}

#[test]
fn letters_change_their_shape() {
    check(&[
        ("\\mathbb{N}\\mathbb{Q}\\mathbb{A}", "ℕℚ𝔸"),
        ("\\mathcal{L}\\mathcal{A}", "ℒ𝒜"),
        ("\\mathbf{x}\\boldsymbol{A}", "𝐱𝐀"),
        ("\\mathfrak{g}\\mathfrak{C}", "𝔤ℭ"),
        (
            "\\hat{x} \\vec v \\bar{y} \\dot{x} \\tilde{a}",
            "x\u{302} v\u{20d7} y\u{304} x\u{307} a\u{303}",
        ),
        ("\\overline{AB}", "A\u{305}B\u{305}"),
        ("\\text{if } x > 0 \\text{ and\\_so}", "if x > 0 and_so"),
        ("\\mathrm{d}x \\operatorname{rank} A", "dx rank A"),
        ("\\not\\in", "∈\u{338}"),
    ]);
}

#[test]
fn brackets_and_boxes_are_kept() {
    check(&[
        ("\\left( \\frac{a}{b} \\right)", "(a/b)"),
        ("\\left\\{ x \\right.", "{x"),
        ("\\bigl[ x \\bigr]", "[ x ]"),
        ("\\|x\\|", "‖x‖"),
        ("\\lfloor x \\rfloor", "⌊x⌋"),
        ("\\boxed{42}", "[42]"),
        ("a \\equiv b \\pmod{n}", "a ≡ b (mod n)"),
        ("a \\xrightarrow{f} b", "a →ᶠ b"),
        ("\\underbrace{a+b}_{n}", "a+bₙ"),
        ("\\textcolor{red}{x}", "x"),
    ]);
}

#[test]
fn environments_have_rows() {
    check(&[
        (
            "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
            "(1, 2; 3, 4)",
        ),
        ("A = \\begin{bmatrix}a\\\\b\\end{bmatrix}", "A = [a; b]"),
        ("\\begin{vmatrix}a&b\\end{vmatrix}", "|a, b|"),
        ("\\begin{array}{c|c}a&b\\end{array}", "[a, b]"),
        (
            "|x| = \\begin{cases} x, & x \\ge 0 \\\\ -x & \\text{otherwise} \\end{cases}",
            "|x| = { x, x ≥ 0; −x, otherwise",
        ),
        (
            "\\begin{align*} a &= b \\\\[2pt] &= c \\end{align*}",
            "a = b\n= c",
        ),
        ("a \\\\ b", "a\nb"),
        ("\\begin{foo} x \\end{foo}", "\\begin{foo}x \\end{foo}"),
    ]);
}

#[test]
fn what_is_unknown_stays_as_it_is() {
    check(&[
        ("\\foo{x^2} \\bar", "\\foo{x²}"),
        ("\\unknown y", "\\unknown y"),
        ("a } b", "a } b"),
        ("{a", "a"),
        ("\\", "\\"),
        ("中文 \\text{价格}", "中文 价格"),
        ("\\begin{cases} x", "{ x"),
        ("\\label{eq:one}", "\\label{eq:one}"),
    ]);
}

#[test]
fn every_command_is_named_once() {
    for name in ["alpha", "leq", "sin"] {
        assert!(symbols::symbol(name).is_some(), "{name}");
    }
    assert_eq!(symbols::symbol("nothing"), None);
}
