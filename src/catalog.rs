//! The models we may ask, their limits, prices and habits: a typed view of `data/models.toml`, or of
//! the list in the config file that replaces it. Pure; built once and never changed. Invariant: ids
//! are unique, the lite tier is never empty, and no model has an empty minute.

use std::collections::HashSet;

use serde::Deserialize;
use toml::Spanned;

/// The shipped list.
const SHIPPED: &str = include_str!("../data/models.toml");

/// Model tiers, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tier {
    Lite,
    Flash,
    Pro,
}

/// A kind of tools that a model may take. A request offers one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolKind {
    /// Functions of the bot.
    Functions,
    /// Google Search.
    Search,
    /// Pages whose addresses stand in the question.
    Pages,
    /// Google's own execution of code.
    Code,
}

impl ToolKind {
    pub(crate) const ALL: [Self; 4] = [Self::Functions, Self::Search, Self::Pages, Self::Code];

    /// Whether it spends the project's quota of searches.
    pub(crate) const fn searches(self) -> bool {
        match self {
            Self::Search | Self::Pages => true,
            Self::Functions | Self::Code => false,
        }
    }

    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }
}

/// Why a question went to its tier, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TierReason {
    Smalltalk,
    Code,
    Analysis,
    Media,
    Asked,
    Degraded,
}

/// What a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Named")]
pub(crate) enum Kind {
    /// Answers, of this tier.
    Text(Tier),
    Pictures,
    Speech,
}

impl Kind {
    pub(crate) const fn tier(self) -> Option<Tier> {
        match self {
            Self::Text(tier) => Some(tier),
            Self::Pictures | Self::Speech => None,
        }
    }
}

impl From<Tier> for Kind {
    fn from(tier: Tier) -> Self {
        Self::Text(tier)
    }
}

/// A kind as the list names it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Lite,
    Flash,
    Pro,
    Image,
    Speech,
}

impl From<Named> for Kind {
    fn from(named: Named) -> Self {
        match named {
            Named::Lite => Self::Text(Tier::Lite),
            Named::Flash => Self::Text(Tier::Flash),
            Named::Pro => Self::Text(Tier::Pro),
            Named::Image => Self::Pictures,
            Named::Speech => Self::Speech,
        }
    }
}

/// One model of the service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) id: String,
    #[serde(rename = "tier")]
    pub(crate) kind: Kind,
    /// Requests a minute and project.
    pub(crate) rpm: u32,
    /// Requests a Pacific day and project; 0: not offered.
    pub(crate) rpd: u32,
    /// Input tokens a minute and project.
    pub(crate) tpm: u64,
    /// `thinkingLevel` for chat; none: leave `thinkingConfig` out, the default is always legal.
    pub(crate) thinking: Option<String>,
    /// A lower level for the retry after a deadline; none: there is no lower one.
    pub(crate) less_thinking: Option<String>,
    /// Takes no system instruction: its text goes into the first user turn (`gemma-*`).
    #[serde(default)]
    pub(crate) system_in_first_turn: bool,
    /// The tools it takes; all of them where the list does not say.
    #[serde(default = "ToolKind::all")]
    pub(crate) tools: Vec<ToolKind>,
    /// Offered on the free tier; otherwise only `:paid` keys can call it.
    pub(crate) free: bool,
    /// USD per million input tokens.
    pub(crate) price_in: f64,
    /// USD per million output tokens, thoughts included.
    pub(crate) price_out: f64,
    pub(crate) context_tokens: u64,
    /// Longest answer of one call in tokens, thoughts included.
    pub(crate) max_output: u64,
}

/// All models, by kind and in the order they are tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catalog {
    lite: Vec<Model>,
    flash: Vec<Model>,
    pro: Vec<Model>,
    pictures: Vec<Model>,
    speech: Vec<Model>,
}

/// The list is refused: where, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct CatalogError {
    pub(crate) line: usize,
    pub(crate) problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    model: Vec<Spanned<Model>>,
}

impl Catalog {
    /// The list that comes with the program.
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in, and a test parses it"
    )]
    pub(crate) fn shipped() -> Self {
        Self::parse(SHIPPED).expect("the shipped catalogue is valid")
    }

    /// Reads `[[model]]` tables.
    pub(crate) fn parse(text: &str) -> Result<Self, CatalogError> {
        let fault = |at: usize, problem: String| CatalogError {
            line: line_of(text, at),
            problem,
        };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fault(at, error.message().to_owned())
        })?;
        let models = raw.model.into_iter();
        let models = models.map(|entry| (entry.span().start, entry.into_inner()));
        Self::of(models).map_err(|(at, problem)| fault(at, problem))
    }

    /// Reads `[[model]]` tables of the config file, which has kept no line numbers.
    pub(crate) fn from_table(table: toml::Table) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Plain {
            model: Vec<Model>,
        }
        let plain: Plain = table
            .try_into()
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        Self::of(plain.model.into_iter().map(|model| (0, model))).map_err(|(_, problem)| problem)
    }

    /// The catalogue of these models, or what is wrong with the one at this place.
    fn of(models: impl Iterator<Item = (usize, Model)>) -> Result<Self, (usize, String)> {
        let mut catalog = Self {
            lite: Vec::new(),
            flash: Vec::new(),
            pro: Vec::new(),
            pictures: Vec::new(),
            speech: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (at, model) in models {
            let model = normalised(model);
            if let Some(problem) = problem_of(&model) {
                return Err((at, problem));
            }
            if !seen.insert(model.id.clone()) {
                return Err((at, format!("model `{}` is listed twice", model.id)));
            }
            catalog.kind_mut(model.kind).push(model);
        }
        if catalog.lite.is_empty() {
            return Err((0, "no model of tier `lite`".to_owned()));
        }
        Ok(catalog)
    }

    /// The models of a kind, first choice first.
    pub(crate) fn kind(&self, kind: Kind) -> &[Model] {
        match kind {
            Kind::Text(Tier::Lite) => &self.lite,
            Kind::Text(Tier::Flash) => &self.flash,
            Kind::Text(Tier::Pro) => &self.pro,
            Kind::Pictures => &self.pictures,
            Kind::Speech => &self.speech,
        }
    }

    /// Every model that answers, cheapest tier first.
    pub(crate) fn answering(&self) -> impl Iterator<Item = &Model> {
        self.lite.iter().chain(&self.flash).chain(&self.pro)
    }

    /// Every model: those that answer first.
    pub(crate) fn models(&self) -> impl Iterator<Item = &Model> {
        self.answering().chain(&self.pictures).chain(&self.speech)
    }

    /// The model with this id.
    pub(crate) fn model(&self, id: &str) -> Option<&Model> {
        self.models().find(|model| model.id == id)
    }

    fn kind_mut(&mut self, kind: Kind) -> &mut Vec<Model> {
        match kind {
            Kind::Text(Tier::Lite) => &mut self.lite,
            Kind::Text(Tier::Flash) => &mut self.flash,
            Kind::Text(Tier::Pro) => &mut self.pro,
            Kind::Pictures => &mut self.pictures,
            Kind::Speech => &mut self.speech,
        }
    }
}

/// Line of a byte offset, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

/// Methods that people copy along with an id out of an address.
const METHODS: [&str; 2] = [":generateContent", ":streamGenerateContent"];

/// Thinking levels of the service, from the lowest on (gemini-api §6).
const LEVELS: [&str; 5] = ["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"];

/// The model with its bare id: `models/` in front of it and a method behind it are of the address.
/// What is known of a family needs no flag: `gemma-*` takes no system instruction (gemini-api §2), and
/// no tools are known to work with it.
fn normalised(mut model: Model) -> Model {
    let id = model.id.trim();
    let id = id.strip_prefix("models/").unwrap_or(id);
    let method = METHODS.iter().find_map(|method| id.strip_suffix(method));
    model.id = method.unwrap_or(id).to_owned();
    if model.id.starts_with("gemma-") {
        model.system_in_first_turn = true;
        model.tools.clear();
    }
    model
}

fn problem_of(model: &Model) -> Option<String> {
    let id = &model.id;
    if id.is_empty() {
        return Some("`id` is empty".to_owned());
    }
    // The id stands in the path of every request.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !id.chars().all(fits) {
        return Some(format!(
            "`id` must be the bare name of a model such as gemini-3.8-flash, not `{}`",
            id.escape_debug()
        ));
    }
    let place = |level: &Option<String>| LEVELS.iter().position(|it| Some(*it) == level.as_deref());
    if let (Some(level), Some(less)) = (place(&model.thinking), place(&model.less_thinking))
        && less >= level
    {
        return Some(format!(
            "`less_thinking` of `{id}` must be lower than its `thinking`"
        ));
    }
    if model.rpm == 0 || model.tpm == 0 {
        return Some(format!("`rpm` and `tpm` of `{id}` must be at least 1"));
    }
    if !(model.price_in >= 0.0 && model.price_out >= 0.0) {
        return Some(format!("the prices of `{id}` must not be negative"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[model]]
id = "m"
tier = "lite"
rpm = 15
tpm = 250_000
rpd = 500
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100
"#;

    #[test]
    fn the_shipped_list_has_the_tiers_in_their_order() {
        let catalog = Catalog::parse(SHIPPED).unwrap();
        let ids = |kind| -> Vec<&str> {
            let models = catalog.kind(kind).iter();
            models.map(|model| model.id.as_str()).collect()
        };
        assert_eq!(
            ids(Kind::Text(Tier::Lite)),
            ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]
        );
        assert_eq!(
            ids(Kind::Text(Tier::Flash)),
            ["gemini-4-hydrogen", "gemini-3.8-flash", "gemini-3.6-flash"]
        );
        assert_eq!(
            ids(Kind::Text(Tier::Pro)),
            ["gemini-4-argon", "gemini-4-carbon"]
        );
        assert_eq!(
            ids(Kind::Pictures),
            [
                "gemini-nano-banana-2.1",
                "gemini-3.1-flash-image",
                "gemini-3.1-flash-lite-image"
            ]
        );
        assert_eq!(
            ids(Kind::Speech),
            ["gemini-3.8-flash-lite-tts", "gemini-3.8-flash-tts"]
        );
        assert_eq!(Catalog::shipped(), catalog);
    }

    #[test]
    fn every_shipped_model_stands_in_its_own_kind_and_pro_and_pictures_need_a_paid_key() {
        let catalog = Catalog::shipped();
        for (kind, free) in [
            (Kind::Text(Tier::Lite), true),
            (Kind::Text(Tier::Flash), true),
            (Kind::Text(Tier::Pro), false),
            (Kind::Pictures, false),
            (Kind::Speech, true),
        ] {
            for model in catalog.kind(kind) {
                assert_eq!(model.kind, kind);
                assert_eq!(model.free, free, "{}", model.id);
                assert_eq!(catalog.model(&model.id), Some(model));
            }
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let cases = [
            (ONE.replace("rpm = 15", "rpm = 0"), 2, "at least 1"),
            (ONE.replace("0.3", "-0.3"), 2, "negative"),
            (ONE.replace("0.3", "nan"), 2, "negative"),
            (ONE.replace("\"lite\"", "\"flash\""), 1, "tier `lite`"),
            (ONE.replace("\"lite\"", "\"huge\""), 4, "huge"),
            (ONE.replace("rpm = 15", "rpm = \"many\""), 5, "many"),
            (ONE.replace("rpm = 15", "rps = 15"), 5, "rps"),
            (ONE.replace("rpm = 15", "rpm = = 15"), 5, ""),
            (format!("{ONE}{ONE}"), 14, "listed twice"),
            (
                format!(
                    "{ONE}{}",
                    ONE.replace("\"m\"", "\" models/m:generateContent \"")
                ),
                14,
                "listed twice",
            ),
            (ONE.replace("\"m\"", "\" \""), 2, "empty"),
            (ONE.replace("\"m\"", "\"a b\""), 2, "bare name"),
            (ONE.replace("\"m\"", "\"m:countTokens\""), 2, "bare name"),
            (ONE.replace("\"m\"", "\"tunedModels/m\""), 2, "bare name"),
            (ONE.replace("\"m\"", "\"m?key=x\""), 2, "bare name"),
            (
                format!("{ONE}thinking = \"LOW\"\nless_thinking = \"MEDIUM\""),
                2,
                "lower than",
            ),
        ];
        for (text, line, part) in cases {
            let error = Catalog::parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.problem.contains(part), "{error}");
        }
    }

    #[test]
    fn an_id_is_taken_as_it_stands_in_addresses_and_gemma_is_known_by_its_name() {
        for (written, id, in_first_turn) in [
            ("m", "m", false),
            (" models/gemini-3.8-flash\t", "gemini-3.8-flash", false),
            ("m:generateContent", "m", false),
            ("models/m:streamGenerateContent", "m", false),
            ("models/gemma-4-31b-it", "gemma-4-31b-it", true),
            ("gemmarine-1", "gemmarine-1", false),
        ] {
            let text = ONE.replace("\"m\"", &format!("{written:?}"));
            let catalog = Catalog::parse(&text).unwrap();
            let model = catalog.model(id).unwrap();
            assert_eq!(model.system_in_first_turn, in_first_turn, "{written}");
            assert_eq!(model.tools.is_empty(), in_first_turn, "{written}");
        }
    }

    #[test]
    fn a_model_takes_the_tools_that_the_list_names_and_all_where_it_names_none() {
        for (written, tools) in [
            ("", &ToolKind::ALL[..]),
            ("tools = []", &[]),
            (
                "tools = [\"functions\", \"code\"]",
                &[ToolKind::Functions, ToolKind::Code],
            ),
        ] {
            let catalog = Catalog::parse(&format!("{ONE}{written}\n")).unwrap();
            assert_eq!(catalog.model("m").unwrap().tools, tools, "{written}");
        }
    }

    #[test]
    fn thinking_may_be_left_out() {
        let catalog = Catalog::parse(ONE).unwrap();
        let model = catalog.model("m").unwrap();
        assert_eq!(
            (&model.thinking, model.system_in_first_turn),
            (&None, false)
        );
    }
}
