//! What words and marks say about a question: the table behind `signs`. A row is one reason to
//! think something, with the words for it in each language; a new language is a new column.

/// What a row speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Against work: how people are to each other. Says little about a long text.
    Chat,
    /// Against work: a small task, whatever words it is about.
    Small,
    Code,
    Analysis,
    /// Long reasoning; counts as work too.
    Hard,
    /// "And shorter?": work only where the last round was work.
    FollowUp,
}

/// One row. A question gets the weight once for each word of the row, at most twice.
pub(super) struct Signal {
    pub(super) axis: Axis,
    pub(super) weight: u8,
    pub(super) words: Words,
}

/// Lower case, at least two characters. In scripts that part words a phrase matches whole words;
/// a final `*` lets the last one go on.
pub(super) struct Words {
    /// The same in every language: names, marks.
    pub(super) any: &'static [&'static str],
    pub(super) english: &'static [&'static str],
    /// In simplified characters; `TRADITIONAL` adds the others.
    pub(super) chinese: &'static [&'static str],
}

impl Words {
    /// Every column.
    pub(super) fn columns(&self) -> [&'static [&'static str]; 3] {
        [self.any, self.english, self.chinese]
    }
}

const fn signal(axis: Axis, weight: u8, words: Words) -> Signal {
    Signal {
        axis,
        weight,
        words,
    }
}

/// The whole table.
#[rustfmt::skip]
pub(super) const SIGNALS: &[Signal] = &[
    // Greetings, thanks, moods.
    signal(Axis::Chat, 2, Words {
        any: &[":)", ":(", ":d", "xd", "^^"],
        english: &[
            "hi", "hello", "hey", "good morning", "good night", "good evening", "thanks", "thank you",
            "thx", "bye", "lol", "haha*", "ok", "okay", "cool", "nice", "sorry", "never mind", "nvm",
            "how are you", "how's it going", "what's up", "sup", "who are you", "are you", "do you like", "do you have", "your name",
            "i miss", "i love", "love you", "i'm so", "i feel", "bored", "happy", "sad", "congrat*", "tired", "guess what", "my day",
            "yes", "no", "yeah", "yep", "nope", "sure", "great", "wow", "omg", "well done", "got it", "see you", "talk to me",
            "good bot", "welcome", "please stop", "you're",
        ],
        chinese: &[
            "你好", "您好", "在吗", "早上好", "早安", "中午好", "晚上好", "晚安", "谢谢", "多谢", "感谢", "辛苦", "再见", "拜拜", "哈哈",
            "嘿嘿", "嘻嘻", "呜呜", "好的", "好吧", "好呀", "可以的", "行吧", "嗯嗯", "明白了", "知道了", "收到", "没事", "没关系", "不客气",
            "抱歉", "对不起", "不好意思", "你是谁", "你叫", "你多大", "你喜欢", "你会不会", "你有没有", "你觉得我", "聊天", "聊聊", "陪我", "无聊",
            "好累", "好困", "好烦", "好饿", "快乐", "恭喜", "吃了吗", "开心", "难过", "伤心", "想你", "想家", "爱你", "厉害", "太棒", "真棒", "真好",
            "加油", "夸夸", "下班", "上班", "放假", "周末", "不用了", "算了", "哎呀", "唉声", "哦哦", "终于",
        ],
    }),
    // One sentence from one language into another, or in other words.
    signal(Axis::Small, 5, Words {
        any: &[],
        english: &[
            "translat*", "how do you say", "how to say", "how do i say", "the word for", "word for", "in french", "in spanish", "in german",
            "in italian", "in japanese", "in korean", "in chinese", "in english", "into english", "what does", "meaning of", "more polite",
            "the grammar", "my grammar", "spell", "spelling", "rephrase", "pronounce", "synonym*", "typo*", "proofread",
        ],
        chinese: &[
            "翻译", "译成", "用英语", "用英文", "用日语", "用法语", "用韩语", "怎么说", "怎么讲", "怎么读", "怎么念", "怎么写这个字", "什么意思",
            "客气一点", "礼貌一点", "错别字", "病句", "换个说法", "润色", "近义词", "反义词", "拼音", "造句",
        ],
    }),
    // Jokes and small gifts of language.
    signal(Axis::Small, 4, Words {
        any: &[],
        english: &[
            "joke", "jokes", "pun", "riddle", "laugh", "funny", "poem", "haiku", "limerick", "rhyme", "birthday message", "emoji",
            "caption", "wish for", "toast", "compliment", "nickname", "names for", "horoscope", "bedtime story",
        ],
        chinese: &[
            "笑话", "段子", "情话", "谜语", "脑筋急转弯", "诗歌", "首诗", "的诗", "句诗", "写诗", "祝福", "表情", "起个名", "个名字", "顺口溜", "绕口令", "朋友圈文案", "成语接龙",
            "对联", "星座", "睡前故事",
        ],
    }),
    // A fact, a hint for the day.
    signal(Axis::Small, 2, Words {
        any: &[],
        english: &[
            "capital of", "who is", "who was", "who wrote", "who won", "who made", "who invented", "who painted", "who discovered",
            "how tall", "how old", "how far", "how big", "what year", "what time", "what day", "when did", "when was", "when is", "which year",
            "which country", "which planet", "where is", "what colour", "what color", "stand for", "stands for", "weather", "rain", "umbrella",
            "population", "convert", "currency of", "is it safe", "can i eat", "what should i", "suggest", "recommend", "dinner", "lunch",
            "movie", "song", "gift", "calories", "recipe for",
        ],
        chinese: &[
            "首都", "是谁", "谁写", "谁发明", "作者", "多高", "多远", "多大", "多重", "哪一年", "哪年", "几点", "几号", "星期几", "几岁", "哪个国家",
            "哪个城市", "等于", "全称", "人口", "天气", "下雨", "带伞", "会过期", "能吃", "能不能吃", "吃什么", "喝什么", "穿什么", "推荐", "礼物", "电影",
            "首歌", "唱歌", "去哪", "什么颜色", "什么时候",
        ],
    }),
    // A number, a place: a fact, if nothing else is in the question.
    signal(Axis::Small, 1, Words {
        any: &[],
        english: &["how many", "how much", "how long", "where", "who", "when", "what's", "what is"],
        chinese: &["多少", "几个", "几分钟", "几天", "哪里", "在哪", "是什么", "有没有"],
    }),
    // What only people who work with it name.
    signal(Axis::Code, 4, Words {
        any: &[
            "typescript", "golang", "kotlin", "c++", "c#", "ocaml", "haskell", "sql", "mysql", "postgres*", "sqlite", "redis", "mongodb",
            "elasticsearch", "kafka", "docker*", "kubernetes", "kubectl", "k8s", "nginx", "terraform", "ansible", "bash", "zsh", "powershell",
            "curl", "awk", "sed", "grep", "cron*", "systemd", "regex*", "regexp", "vue", "node.js", "nodejs", "npm", "webpack", "pip",
            "cargo", "maven", "gradle", "django", "flask", "spring boot", "fastapi", "laravel", "pandas", "numpy", "pytorch", "tensorflow",
            "flexbox", "webassembly", "leetcode", "cors", "vlookup", "tcp", "graphql", "websocket*", "oauth", "jwt",
        ],
        english: &["unit test*", "linked list", "stack trace", "pull request", "merge conflict", "big o"],
        chinese: &["c语言", "正则", "单元测试", "链表", "二叉树", "时间复杂度", "爬虫", "堆栈"],
    }),
    // What others have heard of, too.
    signal(Axis::Code, 3, Words {
        any: &[
            "python", "javascript", "java", "rust", "swift", "php", "ruby", "scala", "html", "css", "git", "github", "linux", "ubuntu",
            "shell", "ssh", "react", "angular", "json", "yaml", "xml", "csv", "api", "vim", "excel", "arduino", "esp32", "android studio",
        ],
        english: &["in c", "in go", "in r", "matlab", "latex"],
        chinese: &["前端", "后端", "编程", "单片机", "小程序"],
    }),
    // Things of code.
    signal(Axis::Code, 2, Words {
        any: &["div", "flex", "localhost", "stdin", "stdout", "async", "await", "malloc", "null", "nullptr", "utf-8", "http", "https"],
        english: &[
            "function", "functions", "code", "script", "program", "class", "method", "variable*", "array*", "hashmap", "dictionary", "string",
            "strings", "integer", "binary tree", "heap", "stack", "pointer*", "loop", "recursion", "recursive", "algorithm*", "compil*", "database",
            "query", "queries", "table", "index", "primary key", "schema", "test cases", "type hints", "commit", "branch", "merge", "rebase",
            "deploy*", "server", "port", "process", "container", "endpoint", "component", "library", "framework", "one-liner", "command line",
            "command", "terminal", "config", "debug*", "thread", "threads", "lifetime", "borrow*", "rows", "columns", "refactor*", "files", "parse*",
            "backend", "frontend", "logs", "cache", "app", "website",
        ],
        chinese: &[
            "函数", "代码", "脚本", "程序", "变量", "数组", "列表", "字典", "字符串", "指针", "循环", "递归", "算法", "编译", "数据库", "查询",
            "一张表", "索引", "主键", "表结构", "类型注解", "提交", "分支", "合并", "部署", "服务器", "端口", "进程", "线程", "协程", "容器", "接口",
            "组件", "框架", "命令", "终端", "配置", "调试", "复杂度", "排序", "日志", "渲染", "重构", "跨域", "线上", "内存", "匹配", "缓存", "解析", "文件",
            "网页", "网站", "依赖", "装饰器", "回调", "异步",
        ],
    }),
    // Something is broken.
    signal(Axis::Code, 3, Words {
        any: &[
            "traceback", "segfault", "segmentation fault", "stacktrace", "exit code", "errno", "err!", "404", "500", "502", "503", "504",
            "error[e", "undefined",
        ],
        english: &[
            "error", "errors", "exception", "fails", "failing", "failed", "crash*", "bug", "bugs", "doesn't work", "not working", "doesn't compile",
            "undefined reference", "connection refused", "permission denied", "timeout", "timed out", "null pointer", "deadlock*",
            "memory leak", "blue screen", "cannot", "not found", "syntax", "what am i missing", "out of memory", "denied", "warning:",
        ],
        chinese: &[
            "报错", "错误", "异常", "崩溃", "闪退", "蓝屏", "超时", "死锁", "内存泄漏", "退出码", "失败", "哪里错", "写错", "不生效", "没反应",
            "排查", "拒绝连接", "找不到", "卡死", "拦截", "溢出", "连不上", "打不开",
        ],
    }),
    // Marks that prose does not have.
    signal(Axis::Code, 3, Words {
        any: &[
            "=>", "->", "::", "!=", "==", "&&", "||", "();", ");", "</", "/>", "+=", "{}", "[]", "#include", "import ", "def ",
            "const ", "let mut", "fn ", "return ", "print(", "printf(", "console.log", "select ", "insert into", "group by", "order by",
            "left join", "public static", "sudo ", "if (", "for (", "(?", "[a-z]", "[0-9]", "\\d", "\\w",
        ],
        english: &[],
        chinese: &[],
    }),
    // Make or mend something: says little without the rows above.
    signal(Axis::Code, 1, Words {
        any: &[],
        english: &[
            "write a", "write me a", "write unit", "implement*", "fix", "build", "create a", "optimi*", "rewrite", "convert this", "how do i",
            "how can i", "how to", "why does", "why is",
        ],
        chinese: &["写一个", "写一条", "写个", "做一个", "实现", "修复", "优化", "改成", "怎么", "如何", "为什么", "怎样"],
    }),
    // Asks outright for depth.
    signal(Axis::Analysis, 4, Words {
        any: &[],
        english: &[
            "in detail", "detailed", "in depth", "in-depth", "step by step", "show the steps", "show your work", "show all steps", "walk me through",
            "analy*", "compare", "comparison", "pros and cons", "advantages and disadvantages", "differ", "differences", "difference between",
            "summari*", "summary", "tl;dr", "tldr", "key points", "main points", "bullet points", "essay", "cover letter", "resume", "speech",
            "evaluate", "critique", "critically", "feedback on", "trade-off*", "tradeoff*", "assess", "main theories", "explain how", "explain why",
            "strategy", "business plan", "outline", "report", "review this", "review my", "case study", "thesis", "argue", "discuss",
        ],
        chinese: &[
            "详细", "深入", "一步一步", "步骤", "分析", "比较", "对比", "优缺点", "利弊", "有什么不同", "有何不同", "区别", "总结", "概括", "要点",
            "摘要", "归纳", "提炼", "作文", "议论文", "论文", "求职信", "简历", "演讲稿", "评价", "点评", "评估", "论证", "论述", "系统地", "讲清楚", "讲透",
            "报告", "策略", "商业计划", "大纲", "读后感", "解读", "方案",
        ],
    }),
    // Plans and schedules.
    signal(Axis::Analysis, 4, Words {
        any: &[],
        english: &[
            "plan", "schedule", "itinerary", "roadmap", "prepare for", "shopping list", "timeline", "budget", "curriculum", "syllabus",
            "checklist", "interview", "routine",
        ],
        chinese: &[
            "规划", "计划", "安排", "行程", "攻略", "路线图", "自由行", "食谱", "清单", "备考", "复习", "面试", "预算", "时间表", "课程表",
        ],
    }),
    // Mathematics and science beyond one operation.
    signal(Axis::Analysis, 4, Words {
        any: &["ln(", "sin(", "cos(", "log(", "lim", "x^", "x²", "f(x)", "dx"],
        english: &[
            "solve", "equation*", "derivative", "integrate", "integral", "probability", "matrix", "eigenvalue*", "theorem", "interest",
            "mortgage", "standard deviation", "regression", "how many ways", "combinations", "quadratic", "km/h", "mph", "polynomial", "vector",
            "calculate", "compute the", "expected value", "variance", "velocity", "acceleration", "moles", "titration",
        ],
        chinese: &[
            "方程", "求解", "求导", "导数", "积分", "概率", "矩阵", "特征值", "定理", "年利率", "等额本息", "月供", "标准差", "方差", "期望值", "回归",
            "通项", "数列", "求证", "时速", "排列组合", "极限", "函数图像", "不等式", "向量", "多项式", "计算", "加速度", "摩尔", "三角形",
        ],
    }),
    // Causes, workings, matters of judgement.
    signal(Axis::Analysis, 2, Words {
        any: &["vs", "vs."],
        english: &[
            "explain", "why", "why is", "why does", "how does", "how do", "how can", "how would", "cause*", "consequence*", "impact", "effects", "affect", "theories",
            "weaknesses", "strengths", "reasons", "argument*", "options", "risk*", "contract", "lease", "clause*", "legal", "landlord", "tenant",
            "liab*", "enforceable", "tax*", "invest*", "loan", "savings", "salary", "forecast", "trend*", "data", "sales", "revenue", "churn",
            "market*", "symbolism", "econom*", "politic*", "philosoph*", "policy", "history of", "teach me", "basics of", "learn", "what would you do",
            "should i", "or", "better", "help me", "paragraph", "article", "structure", "mechanism", "evidence", "implications", "role of",
            "symptoms", "diagnos*", "treatment", "negotiat*", "decide", "decision", "improve", "the following",
        ],
        chinese: &[
            "解释", "为什么", "为何", "原理", "原因", "影响", "后果", "机制", "观点", "不足", "理由", "选择", "风险", "合同", "租约", "条款", "法律", "押金",
            "维权", "赔偿", "税务", "个税", "报税", "缴税", "税率", "投资", "贷款", "利率", "存款", "工资", "预测", "趋势", "销售额", "流失率", "市场", "象征", "经济", "政治", "哲学", "政策",
            "历史", "教我", "基础知识", "零基础", "入门", "怎么选", "划算", "怎么分配", "优点", "缺点", "如何看待", "文章", "这段话", "结构", "知识产权",
            "方面", "列出", "说明", "意义", "证据", "谈判", "决定", "决策", "改进", "症状", "诊断", "治疗", "起诉", "仲裁", "劳动法", "下面", "以下", "作用",
        ],
    }),
    // Asks to reason long.
    signal(Axis::Hard, 6, Words {
        any: &[],
        english: &[
            "prove", "proof", "proofs", "think hard", "think very hard", "think harder", "think deeply", "think carefully", "think really hard",
            "very carefully", "reason carefully", "every step carefully", "rigorous*", "derive an", "undecidable", "np-hard", "np-complete",
            "take all the time", "take your time", "deep analysis", "deep dive", "research proposal", "lower bound", "formally verify", "q.e.d.",
        ],
        chinese: &[
            "证明", "严格", "好好想", "仔细推理", "仔细想", "深入思考", "深度思考", "认真思考", "认真想", "深度分析", "不用着急", "每一步", "不可判定", "研究计划",
            "推导", "下界", "慢慢想", "反复推敲",
        ],
    }),
    // Papers that are called proof and need none.
    signal(Axis::Analysis, 3, Words {
        any: &[],
        english: &["proof of address", "proof of income", "proof of payment", "proof of concept"],
        chinese: &["在职证明", "收入证明", "离职证明", "请假证明", "身份证明", "开证明"],
    }),
    // Large things to build, to draft or to settle.
    signal(Axis::Hard, 3, Words {
        any: &["multi-tenant", "saas", "lock-free", "raft", "paxos", "crdt", "o(n log n)"],
        english: &[
            "design a", "design an", "design the", "system design", "architect*", "distributed", "concurren*", "consisten*", "scalab*",
            "failure modes", "fault toleran*", "capacity", "throughput", "migrat*", "downtime", "idempoten*", "every file", "each file",
            "all files", "all the files", "several files", "multiple files", "codebase", "workspace", "microservice*", "module layout", "modules", "compiler",
            "interpreter", "operating system", "type system", "type checker", "complete", "full", "from scratch", "end to end", "end-to-end",
            "production-ready", "linearizab*", "memory ordering", "correctness", "induction", "reduction", "lemma*", "conjecture", "hypothes*",
            "methodology", "counterargument*", "competing", "draft a", "draft the", "every possible", "all possible", "carefully", "puzzle",
            "infinitely many", "if and only if", "necessary and sufficient", "starv*", "race condition*",
        ],
        chinese: &[
            "设计一个", "设计一套", "系统设计", "架构", "分布式", "并发", "一致性", "高可用", "容错", "故障模式", "容量估算", "吞吐", "迁移", "不停机", "幂等",
            "每个文件", "多个文件", "所有文件", "模块", "代码库", "微服务", "编译器", "解释器", "操作系统", "类型检查", "类型系统", "完整", "从零实现", "端到端", "无锁",
            "内存序", "线性化", "正确性", "归纳法", "归约", "引理", "猜想", "假设", "方法论", "反对意见", "相互竞争", "起草", "所有可能", "多租户", "无穷多",
            "当且仅当", "充要条件", "仔细", "推理", "饿死", "竞态",
        ],
    }),
    // Goes on with the last answer.
    signal(Axis::FollowUp, 2, Words {
        any: &[],
        english: &[
            "continue", "go on", "again", "shorter", "longer", "faster", "simpler", "instead", "what about", "and if", "why", "how",
            "another way", "in python", "more detail*", "example", "still", "now", "change", "add", "make it", "the second", "line",
        ],
        chinese: &[
            "继续", "接着", "再来", "再短", "再长", "更快", "简单点", "换成", "改成", "那如果", "如果", "为什么", "怎么", "另一种", "详细", "举例", "例子",
            "还是", "加上", "第二", "这一行", "改一下", "然后呢",
        ],
    }),
];

/// Simplified characters of the table, each with its traditional one.
pub(super) const TRADITIONAL: &str = "\
    谢謝吗嗎请請无無烦煩饿餓乐樂开開难難伤傷爱愛厉厲夸誇终終译譯语語么麼读讀写寫错錯别別换換说說润潤义義话話谜謎转轉对對联聯顺順绕繞谁誰远遠几幾\
    岁歲国國会會过過带帶电電礼禮颜顏时時个個里裡钟鐘单單测測试試链鏈树樹间間复複杂雜虫蟲编編码碼数數脚腳变變组組针針环環递遞归歸库庫询詢张張键鍵\
    构構类類注註释釋并並务務进進线線协協调調关關内內缓緩网網页頁装裝饰飾异異报報溃潰闪閃蓝藍锁鎖败敗应應绝絕连連现現优優实實为為详詳细細骤驟较較\
    点點区區总總结結炼煉议議论論职職历歷简簡讲講评評证證统統业業纲綱规規划劃计計备備习習预預课課积積阵陣征徵额額标標准準极極图圖项項动動响響机機\
    观觀选選择擇险險约約条條维維权權赔賠偿償税稅贷貸资資趋趨势勢销銷济濟经經门門识識产產决決谈談断斷疗療诉訴劳勞严嚴认認导導设設布佈从從检檢见見\
    竞競争爭续續着著来來种種举舉还還这這发發后後伞傘价價词詞诊診误誤韩韓风風长長称稱穷窮纳納继繼荐薦觉覺赖賴迁遷态態栈棧样樣欢歡气氣没沒状狀离離\
    据據脑腦号號场場块塊学學拦攔当當确確础礎诗詩则則";
