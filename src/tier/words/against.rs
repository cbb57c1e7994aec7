//! What speaks against work, and what goes on with work.

use super::{Axis, Signal, Words, signal};

#[rustfmt::skip]
pub(super) const ROWS: &[Signal] = &[
    // Greetings, thanks, moods.
    signal(Axis::Chat, 2, Words {
        any: &[":)", ":(", ":d", "xd", "^^"],
        english: &[
            "hi", "hello", "hey", "morning", "good morning", "good night", "good evening", "thanks", "thank you", "thx", "bye", "lol", "haha*", "ok", "okay",
            "sorry", "never mind", "nvm", "how are you", "how's it going", "hows it going", "what's up", "sup", "who are you",
            "are you", "do you like", "do you have", "do you ever", "your name", "i miss", "i love", "love you", "i'm so", "i feel", "bored",
            "congrat*", "tired", "guess what", "my day", "yeah", "yep", "nope", "wow", "omg", "well done",
            "got it", "see you", "talk to me", "good bot", "welcome", "please stop", "you're", "yay", "hungry", "sleepy", "u there", "just finished", "slept", "just got", "went well", "i passed", "i got",
        ],
        chinese: &[
            "你好", "您好", "在吗", "早上好", "早安", "中午好", "晚上好", "晚安", "谢谢", "多谢", "感谢", "辛苦", "再见", "拜拜", "哈哈", "嘿嘿", "嘻嘻", "呜呜",
            "好的", "好吧", "好呀", "可以的", "行吧", "嗯嗯", "明白了", "知道了", "收到", "没事", "没关系", "不客气", "抱歉", "对不起", "不好意思", "你是谁", "你叫",
            "你多大", "你喜欢", "你会不会", "你有没有", "你觉得", "聊天", "聊聊", "陪我", "无聊", "好累", "好困", "好烦", "好饿", "快乐", "恭喜", "吃了吗", "开心",
            "难过", "伤心", "想你", "想家", "爱你", "厉害", "太棒", "真棒", "真好", "加油", "夸夸", "下班", "上班", "放假", "周末", "不用了", "算了", "哎呀", "唉声",
            "哦哦", "终于", "你会", "你能", "睡得", "睡了", "考完", "考上", "交了",
        ],
    }),
    // Such words stand in questions, too.
    signal(Axis::Chat, 1, Words {
        any: &[],
        english: &["cool", "nice", "happy", "sad", "yes", "no", "sure", "great"],
        chinese: &[],
    }),
    // A bad day, a good one: told to be heard.
    signal(Axis::Mood, 3, Words {
        any: &[],
        english: &[
            "rubbish day", "bad day", "rough day", "long day", "horrible day", "awful", "yelled", "shouted at", "fed up", "exhausted", "vent", "rant",
            "tell someone", "tell somebody", "so annoying", "annoyed", "stressed", "lonely", "crying", "cried", "heartbroken", "broke up", "my luck",
            "ugh", "argh", "so excited", "so proud", "so nervous", "feeling down", "can't sleep", "cheer me up", "worst day", "best day", "so mad", "moan to", "someone to talk", "need someone", "need to vent", "honestly", "so unfair",
            "let me down", "no one cares", "in tears", "smiling", "such a pain", "laugh or cry", "pounding", "people like this", "over the moon", "what a day", "such a day",
        ],
        chinese: &[
            "倒霉", "吐槽", "骂了", "骂我", "被骂", "气死", "委屈", "难受", "心累", "想哭", "哭了", "郁闷", "烦死", "烦人", "心情", "失恋", "分手", "孤单", "孤独",
            "说说话", "诉苦", "太惨", "无语", "倾诉", "睡不着", "累死", "气人", "好激动", "好紧张", "心好累", "糟心", "越想越", "来气", "生气", "放我鸽子", "闹别扭", "不在乎我", "说好", "倒了八辈子", "憋屈", "心酸", "太难了", "好难过",
            "哭笑不得", "怎么就", "怎么这么", "这么难", "都要炸", "懒觉", "头疼死", "抱怨", "催婚", "念叨",
        ],
    }),
    // A bet among friends: one fact, however long the story.
    signal(Axis::Mood, 4, Words {
        any: &[],
        english: &[
            "settle", "a bet", "who's right", "who is right", "am i wrong", "i'm wrong", "i was wrong", "he's wrong", "she's wrong", "arguing about",
            "keeps insisting", "swears", "trivia",
        ],
        chinese: &["评评理", "打赌", "赌了", "谁对", "吵了", "吵起来", "记错了", "争了", "非说", "硬说", "较劲"],
    }),
    // What somebody close says of it.
    signal(Axis::Mood, 2, Words {
        any: &[],
        english: &[
            "my friend …", "my husband …", "my wife …", "my brother …", "my sister …", "my dad …", "my mum …", "my mom …", "my roommate …", "my boyfriend …",
            "my girlfriend …", "my partner …", "my flatmate …", "my mate …", "we've been …", "… says", "… said", "… insists", "… claims", "… reckons",
            "… no way", "… happened first", "… came first", "… which is it", "… was i right", "… am i right",
        ],
        chinese: &[
            "我爸 …", "我妈 …", "我哥 …", "我姐 …", "我弟 …", "我妹 …", "室友 …", "男朋友 …", "女朋友 …", "老公 …", "老婆 …", "朋友 …", "同桌 …", "闺蜜 …", "… 到底",
            "… 他说", "… 她说", "… 争了", "… 输的人", "… 请吃饭", "… 我说",
        ],
    }),
    // One sentence from one language into another, or in other words.
    signal(Axis::Small, 5, Words {
        any: &[],
        english: &[
            "translat*", "how do you say", "how to say", "how do i say", "the word for", "word for", "in french", "in spanish", "in german",
            "in italian", "in japanese", "in korean", "in chinese", "in english", "in russian", "in portuguese", "into english", "what does",
            "meaning of", "more polite", "the grammar", "my grammar", "spell", "spelling", "rephrase", "pronounce", "synonym*", "typo*", "proofread",
            "plural of", "plural for", "opposite of", "past tense", "another word", "other word", "short for", "abbreviat*", "acronym", "the french for",
            "the german for", "the spanish for", "the italian for",
        ],
        chinese: &[
            "翻译", "译成", "用英语", "用英文", "用日语", "用法语", "用韩语", "用德语", "用粤语", "怎么说", "怎么讲", "怎么读", "怎么念", "怎么叫", "怎么写这个字",
            "什么意思", "啥意思", "客气一点", "礼貌一点", "错别字", "病句", "换个说法", "润色", "近义词", "反义词", "同义词", "拼音", "造句", "缩写", "简称", "英文是",
            "英语是", "中文叫", "英文叫", "哪个字", "笔画", "部首", "语是啥", "语是什么",
        ],
    }),
    // Jokes and small gifts of language.
    signal(Axis::Small, 4, Words {
        any: &[],
        english: &[
            "joke", "jokes", "pun", "riddle", "laugh", "funny", "poem", "haiku", "limerick", "rhyme", "birthday message", "emoji", "caption", "wish for",
            "toast", "compliment", "nickname", "nicknames", "names for", "name for", "username", "horoscope", "fun fact", "one line",
            "one sentence", "a sentence", "short message", "quick message", "pick-up line", "roast me", "slogan", "hashtag*",
        ],
        chinese: &[
            "笑话", "段子", "情话", "谜语", "脑筋急转弯", "诗歌", "首诗", "的诗", "句诗", "写诗", "祝福", "表情", "起个名", "个名字", "顺口溜", "绕口令", "朋友圈文案",
            "成语接龙", "对联", "星座", "冷知识", "一句", "两句", "昵称", "网名", "签名", "口号",
        ],
    }),
    // A matter of no depth, whatever it is about.
    signal(Axis::Small, 3, Words {
        any: &[],
        english: &[
            "shortcut", "keyboard shortcut", "who invented", "who created", "who first", "who came up", "named after", "come from",
            "stand for", "stands for", "the tallest", "the biggest", "the largest", "the longest", "the deepest", "the highest", "the oldest", "the smallest",
            "the fastest", "tallest", "in celsius", "in fahrenheit", "in km", "in miles", "in pounds", "in kg", "in inches", "in cm",
            "percent of", "% of", "prime number", "before or after", "which came first", "what can you do", "roman numeral*", "in simple words", "in plain english", "in simple terms", "turn off", "turn on", "screenshot", "font",
            "symbol for", "what do you call",
            "release date", "came out", "what do you think",
        ],
        chinese: &[
            "快捷键", "最高的", "最大的", "最长的", "最深的", "最快的", "最早", "最小的", "哪个更长", "的平方", "平方是", "打折", "打八折",
            "打五折", "打九折", "八五折", "摄氏", "华氏", "几月", "几度", "几斤", "多少钱", "是质数", "是素数", "哪个先", "哪个更高", "哪个更大", "谁更", "由来", "从哪来", "字体", "谁提出", "会讲",
            "会说", "你会什么", "是干嘛的", "怎么关", "怎么开", "怎么调", "怎么截", "用一句话", "一句话", "简单说", "化学符号",
        ],
    }),
    // Who found it: history, even of a proof.
    signal(Axis::Small, 8, Words {
        any: &[],
        english: &["who proved", "who first proved", "who solved", "who discovered", "first proved by"],
        chinese: &["谁证明", "是谁证明", "是谁推导", "谁推导", "谁最先", "谁第一个"],
    }),
    // A fact, a hint for the day.
    signal(Axis::Small, 2, Words {
        any: &[],
        english: &[
            "capital of", "bedtime story", "who is", "who was", "who wrote", "who won", "who made", "who painted", "how tall", "how old", "how far", "how big", "how heavy",
            "what year", "what time", "what day", "when did", "when was", "when is", "which year", "which country", "which planet", "which ocean", "where is",
            "what colour", "what color", "weather", "rain", "umbrella", "population", "convert", "currency of", "is it safe", "can i eat", "can i freeze",
            "can you eat", "can dogs", "can cats", "is it ok to", "what should i eat", "what should i wear", "what should i have", "what should i watch", "what should i cook", "what should i get", "suggest", "recommend", "any good", "a good", "dinner", "lunch", "movie",
            "film", "song", "podcast*", "board game", "gift", "calories", "recipe for", "good name", "how often", "what's a good",
        ],
        chinese: &[
            "首都", "睡前故事", "是谁", "谁写", "谁发明", "作者", "多高", "多远", "多大", "多重", "多深", "哪一年", "哪年", "几点", "几号", "星期几", "几岁", "哪个国家", "哪个城市",
            "哪一座", "等于", "全称", "人口", "天气", "下雨", "带伞", "会过期", "能吃", "能不能吃", "可以吃", "可以喝", "可以冷冻", "吃什么", "喝什么", "穿什么", "推荐",
            "礼物", "电影", "喜剧片", "首歌", "唱歌", "去哪", "什么颜色", "什么时候", "好听的", "好看的", "好喝", "好吃",
        ],
    }),
    // "What does … mean" of a word, whatever the word.
    signal(Axis::Small, 2, Words {
        any: &[],
        english: &["what does …", "what do …", "what did …", "… mean", "… means", "… stand for", "… eat", "… weigh", "how much does …", "… cost"],
        chinese: &[],
    }),
    // A number, a place: a fact, if nothing else is in the question.
    signal(Axis::Small, 1, Words {
        any: &[],
        english: &["how many", "how much", "how long", "where", "who", "what's", "whats", "what is"],
        chinese: &["多少", "几个", "几分钟", "几天", "哪里", "在哪", "是什么", "有没有", "是哪"],
    }),
    // Goes on with the last answer.
    signal(Axis::FollowUp, 2, Words {
        any: &[],
        english: &[
            "continue", "go on", "again", "shorter", "longer", "faster", "simpler", "instead", "what about", "and if", "why", "how", "another way",
            "in python", "more detail*", "example", "still", "now", "change", "add", "make it", "the second", "line",
        ],
        chinese: &[
            "继续", "接着", "再来", "再短", "再长", "更快", "简单点", "换成", "改成", "那如果", "如果", "为什么", "怎么", "另一种", "详细", "举例", "例子", "还是",
            "加上", "第二", "这一行", "改一下", "然后呢",
        ],
    }),
];
