//! What somebody wants to have made: an answer, a picture, or speech; by a command, or by asking for a
//! picture in plain words. Pure.
//!
//! A wish is read from the question whenever it is needed and stored nowhere, so that a question that is
//! changed or asked again is what its words say.

mod requests;

use super::command::Command;
use requests::REQUESTS;

/// What somebody wants to have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish<'a> {
    Answer,
    /// A picture, by these words; `is_command`: asked for with `/imagine`.
    Picture {
        words: &'a str,
        is_command: bool,
    },
    /// These words, spoken.
    Speech {
        words: &'a str,
    },
}

impl<'a> Wish<'a> {
    /// The wish of a question with this text; `has_picture`: one belongs to it, so that it may be about
    /// changing that.
    pub(crate) fn of(text: &'a str, has_picture: bool) -> Self {
        let text = text.trim();
        if let Some(words) = after_name(text, "/imagine") {
            Self::Picture {
                words,
                is_command: true,
            }
        } else if let Some(words) = after_name(text, "/say") {
            Self::Speech { words }
        } else if REQUESTS.asks(text, has_picture) {
            Self::Picture {
                words: text,
                is_command: false,
            }
        } else {
            Self::Answer
        }
    }
}

impl Wish<'_> {
    /// Whether it says nothing itself of what is to be made.
    pub(crate) const fn is_about_what_is_quoted(self) -> bool {
        match self {
            Self::Answer => false,
            Self::Picture { words, .. } | Self::Speech { words } => words.is_empty(),
        }
    }
}

/// What stands behind the name of a command.
fn after_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(name)?;
    let is_name = rest.is_empty() || rest.starts_with(char::is_whitespace);
    is_name.then(|| rest.trim())
}

/// The text of the question that a command is, where it is one: with something to draw or to speak,
/// which a message that is replied to or enclosed may hold.
pub(crate) fn asked_by(command: &Command, is_about_something: bool) -> Option<String> {
    let Command { name, arguments } = command;
    let is_asked = match name.as_str() {
        "imagine" => !arguments.is_empty() || is_about_something,
        "say" => !is_switch(arguments) && (!arguments.is_empty() || is_about_something),
        _ => false,
    };
    is_asked.then(|| format!("/{name} {arguments}").trim_end().to_owned())
}

/// Whether this turns something on or off.
fn is_switch(arguments: &str) -> bool {
    ["on", "off"]
        .iter()
        .any(|word| arguments.eq_ignore_ascii_case(word))
}

/// The shape of the picture that the words ask for, if they ask for one (gemini-api §9).
pub(crate) fn ratio(words: &str) -> Option<&'static str> {
    REQUESTS.ratio(words)
}

#[cfg(test)]
mod tests {
    use super::requests::RATIOS;
    use super::*;

    fn asks_for_a_picture(text: &str) -> bool {
        matches!(Wish::of(text, false), Wish::Picture { .. })
    }

    #[test]
    fn a_picture_is_asked_for_in_plain_words() {
        for text in [
            "draw a cat",
            "Draw me a cat on a mat!",
            "please draw an old lighthouse at night",
            "Could you please draw me a dragon?",
            "Hey, can you draw two foxes in the snow",
            "paint a landscape in the style of Monet",
            "Sketch my dream house",
            "make a picture of a red car",
            "Generate an image of a city in the year 3000",
            "create a photorealistic image of a robot",
            "give me a picture of the moon",
            "show me a photo of a happy dog",
            "design a logo for a coffee shop",
            "I'd like a drawing of my cat",
            "draw a graffiti wall",
            "画一只猫",
            "画只猫",
            "请画一幅山水画",
            "帮我画一张赛博朋克风格的城市",
            "请帮我画个可爱的小狗",
            "你能画一个机器人吗？",
            "能不能给我画一朵玫瑰",
            "給我畫一隻貓",
            "生成一张海边日落的图片",
            "来一张猫的照片",
            "给我来一张可爱的猫咪图片",
            "给我一张月球的图片",
            "做一张生日海报",
            "设计一个咖啡店的logo",
            "帮我设计一个头像",
            "我想要一张手机壁纸",
        ] {
            assert!(asks_for_a_picture(text), "{text}");
        }
    }

    #[test]
    fn whoever_asks_something_else_gets_an_answer() {
        for text in [
            "",
            "hello",
            "draw a conclusion from this",
            "draw the line somewhere",
            "Draw a comparison between Rust and Go",
            "draw a line between the two",
            "draw attention to the second point",
            "draw a graph of x^2",
            "draw me a flowchart of the login",
            "Draw an ASCII cat",
            "draw a blank",
            "draw up a contract",
            "draw on your knowledge",
            "how do I draw a cat?",
            "Can you explain how to draw a circle in canvas",
            "what is a picture of dorian gray about",
            "make a list of pictures of the year",
            "make an image classifier",
            "create an image upload form in html",
            "generate an image with python",
            "build a docker image of my app",
            "make it shorter",
            "I drew a cat yesterday",
            "paint is wet",
            "who painted a picture of sunflowers",
            "I want to talk about the picture of us",
            "画蛇添足是什么意思",
            "画龙点睛",
            "画饼充饥",
            "画一个圆的代码怎么写",
            "画一只猫要多久",
            "怎么画一只猫",
            "如何生成一张图片",
            "画家有哪些",
            "画一张流程图",
            "给我画个大饼",
            "帮我画一下重点",
            "生成一张表格",
            "做一个计划",
            "来一个笑话",
            "给我一个建议",
            "设计一个数据库",
            "制作一张饼图",
            "你画得真好",
            "这幅画是谁画的",
            "这张图片里有什么",
        ] {
            assert_eq!(Wish::of(text, false), Wish::Answer, "{text}");
        }
    }

    #[test]
    fn with_a_picture_at_hand_it_may_be_about_changing_that() {
        for text in [
            "make it blue",
            "please add a hat",
            "Can you remove the background?",
            "turn this into a watercolor",
            "replace the sky with a sunset",
            "put him on the moon",
            "colorize",
            "把背景换成海边",
            "请把右边的人去掉",
            "帮我把天空改成紫色",
            "加个帽子",
            "给我换个背景",
            "去掉水印",
            "draw a cat",
            "画一只猫",
        ] {
            let wish = Wish::of(text, true);
            assert!(matches!(wish, Wish::Picture { .. }), "{text}");
        }
        for text in [
            "what is this?",
            "describe it",
            "make a list of what you see",
            "make it into a table",
            "add up the numbers",
            "translate it",
            "change the text to English",
            "how do I remove the background?",
            "把图里的文字翻译成中文",
            "这是什么",
            "把表格变成csv",
            "",
        ] {
            assert_eq!(Wish::of(text, true), Wish::Answer, "{text}");
        }
        assert_eq!(Wish::of("make it blue", false), Wish::Answer);
    }

    #[test]
    fn a_command_says_what_is_wanted() {
        let picture = |words, is_command| Wish::Picture { words, is_command };
        for (text, wish) in [
            ("/imagine a cat", picture("a cat", true)),
            ("/imagine", picture("", true)),
            ("/imagine\n画蛇添足", picture("画蛇添足", true)),
            ("/imaginea", Wish::Answer),
            ("/say  hello", Wish::Speech { words: "hello" }),
            ("/sayings", Wish::Answer),
            (" draw a cat ", picture("draw a cat", false)),
        ] {
            assert_eq!(Wish::of(text, false), wish, "{text}");
        }
        for (typed, is_about, text) in [
            ("/imagine a cat", false, Some("/imagine a cat")),
            ("/Imagine@bot  a cat", false, Some("/imagine a cat")),
            ("/imagine", false, None),
            ("/imagine", true, Some("/imagine")),
            ("/say hello", false, Some("/say hello")),
            ("/say", false, None),
            ("/say", true, Some("/say")),
            ("/say on", true, None),
            ("/say OFF", false, None),
            ("/say on and on", false, Some("/say on and on")),
            ("/help me", true, None),
        ] {
            let command = Command::parse(typed).unwrap();
            assert_eq!(asked_by(&command, is_about).as_deref(), text, "{typed}");
        }
    }

    #[test]
    fn the_shape_is_named_or_described() {
        for (words, shape) in [
            ("a cat", None),
            ("a cat 16:9", Some("16:9")),
            ("a cat, 9：16", Some("9:16")),
            ("21:9 a street", Some("21:9")),
            ("the clock shows 11:16", None),
            ("at 16:90", None),
            ("a wide river", None),
            ("a cat, wide", Some("16:9")),
            ("a cat in landscape format", Some("16:9")),
            ("a landscape with hills", None),
            ("a portrait of a king", None),
            ("a king, portrait", Some("9:16")),
            ("a town square", None),
            ("a cat, square.", Some("1:1")),
            ("a square picture of a cat", Some("1:1")),
            ("a phone wallpaper of stars", Some("9:16")),
            ("一只猫，竖屏", Some("9:16")),
            ("横版的长城", Some("16:9")),
            ("一只猫，正方形", Some("1:1")),
            ("全景的黄山", Some("21:9")),
            ("panoramic view", Some("21:9")),
        ] {
            assert_eq!(ratio(words), shape, "{words}");
        }
        for shape in &REQUESTS.shape {
            assert!(RATIOS.contains(&shape.ratio.as_str()), "{}", shape.ratio);
        }
    }
}
