//! What speaks for work with words, figures and judgement.

use super::{Axis, Signal, Words, signal};

#[rustfmt::skip]
pub(super) const ROWS: &[Signal] = &[
    // Asks outright for depth.
    signal(Axis::Analysis, 4, Words {
        any: &[],
        english: &[
            "in detail", "detailed", "in depth", "in-depth", "step by step", "every step", "each step", "show the steps", "show your work", "show the working",
            "show working", "show how", "contrast", "show all steps", "walk me through", "analy*", "compare", "comparison", "pros and cons", "advantages and disadvantages", "differ",
            "differences", "summari*", "summary", "tl;dr", "tldr", "key points", "main points", "bullet points", "essay", "cover letter", "resume", "speech",
            "critique", "critically", "feedback on", "trade-off*", "tradeoff*", "assess", "main theories", "explain how", "explain why", "strategy",
            "business plan", "outline", "report", "review this", "review my", "case study", "argue", "discuss", "break down", "breakdown", "thorough*",
            "interpret", "evaluate", "action items", "condense", "the gist",
        ],
        chinese: &[
            "详细", "深入", "一步一步", "步骤", "分析", "比较", "对比", "优缺点", "利弊", "有什么不同", "有何不同", "总结", "概括", "要点", "摘要", "归纳", "提炼",
            "作文", "议论文", "论文", "求职信", "简历", "演讲稿", "评价", "点评", "评估", "论证", "论述", "系统地", "讲清楚", "讲透", "报告", "策略", "商业计划", "大纲",
            "提纲", "读后感", "解读", "方案", "梳理", "对照", "写过程", "写清楚", "对照着", "写出过程", "赏析", "捋一捋", "讲讲", "讲一下",
        ],
    }),
    // Plans and schedules.
    signal(Axis::Analysis, 4, Words {
        any: &[],
        english: &[
            "plan", "schedule", "itinerary", "roadmap", "prepare for", "shopping list", "timeline", "budget", "curriculum", "syllabus", "checklist",
            "interview", "routine", "day-by-day", "day by day", "each day", "week of", "meal prep", "study plan", "packing list", "agenda", "lesson plan",
        ],
        chinese: &[
            "规划", "计划", "安排", "行程", "攻略", "路线图", "自由行", "食谱", "清单", "备考", "复习", "面试", "预算", "时间表", "课程表", "每天怎么", "怎么排", "路线",
            "议程", "教案", "排期", "流程",
        ],
    }),
    // Mathematics and science beyond one operation.
    signal(Axis::Analysis, 4, Words {
        any: &["ln(", "sin(", "cos(", "log(", "lim", "x^", "x²", "f(x)", "dx", "m/s"],
        english: &[
            "solve", "equation*", "derivative", "integrate", "integral", "probability", "matrix", "eigenvalue*", "theorem", "interest", "mortgage",
            "standard deviation", "regression", "how many ways", "combinations", "quadratic", "km/h", "mph", "polynomial", "vector", "calculate",
            "compute the", "expected value", "variance", "velocity", "acceleration", "moles", "titration", "simplify", "factorise", "factorize", "p-value",
            "confidence interval", "monthly payment", "half-life", "catch up", "truth table",
        ],
        chinese: &[
            "方程", "求解", "求导", "导数", "积分", "概率", "矩阵", "特征值", "定理", "年利率", "等额本息", "月供", "标准差", "方差", "期望值", "回归", "通项", "数列",
            "求证", "时速", "排列组合", "极限", "函数图像", "不等式", "向量", "多项式", "计算", "加速度", "摩尔", "三角形", "最大值", "最小值", "因式分解", "化简", "配平",
            "相遇", "追上", "相撞", "单调", "值域", "抛物线", "椭圆", "显著性", "置信区间", "真值表",
        ],
    }),
    // Quantities of school exercises.
    signal(Axis::Analysis, 2, Words {
        any: &[],
        english: &[
            "radius", "volume", "surface", "perimeter", "slope", "triangle", "circle", "cone", "sphere", "cylinder", "rectangle", "angle", "hypotenuse",
            "speed", "distance", "force", "mass", "friction", "voltage", "resistance", "resistor*", "circuit", "concentration", "solution", "reaction",
            "pressure", "percentage", "median", "sequence", "series", "roots", "dice", "marbles", "pipe", "tank", "thrown", "dropped", "collide", "compound*",
            "degrees", "ratio", "average", "random*", "drawn", "sample", "correlation", "litres", "acid", "wavelength", "momentum", "inclined",
        ],
        chinese: &[
            "半径", "体积", "面积", "表面积", "周长", "斜率", "圆锥", "圆柱", "直径", "角度", "速度", "距离", "路程", "受力", "质量", "能量", "摩擦", "电流", "电压",
            "电阻", "电路", "浓度", "溶液", "反应", "压强", "比例", "百分比", "平均", "中位数", "骰子", "硬币", "落下", "抛出", "往上丢", "水管", "注水", "斜面", "切线",
            "几何", "直线", "小球", "随机", "抽取", "样本", "相关系数", "各自",
        ],
    }),
    // A longer product.
    signal(Axis::Analysis, 2, Words {
        any: &["ppt", "prd", "faq", "swot", "okr", "kpi", "seo"],
        english: &[
            "email", "e-mail", "letter", "blog", "post", "story", "proposal", "description", "bio", "statement", "press release", "newsletter", "announcement",
            "presentation", "slides", "quiz", "complaint", "apology", "eulogy", "vows", "brochure", "chapter", "dialogue", "scene", "screenplay", "template",
            "agreement", "study guide", "flashcards", "linkedin", "three minutes", "2 minute*", "3 minute*", "5 minute*", "words", "500 word*", "pitch",
            "grant", "thesis", "application", "motivation", "abstract", "memo", "handout", "questionnaire", "survey", "character", "plot", "lyrics",
        ],
        chinese: &[
            "邮件", "封信", "写信", "回信", "致辞", "发言稿", "主持稿", "主持词", "演讲", "文案", "推文", "公众号", "小红书", "剧本", "小说", "故事", "申请书", "检讨",
            "道歉信", "推荐信", "感谢信", "邀请函", "公告", "说明书", "简介", "自我介绍", "协议", "周报", "日报", "影评", "书评", "问卷", "台词", "开场", "悼词", "誓言",
            "会议纪要", "活动方案", "字左右", "字以内", "三分钟", "五分钟", "宣传", "直播", "述职", "申诉", "投诉", "辞职信", "请假", "通知", "读书报告", "对话", "人物",
        ],
    }),
    // Words for making it or for making it over.
    signal(Axis::Analysis, 2, Words {
        any: &[],
        english: &[
            "write me", "write a", "write an", "write the", "draft", "compose", "rewrite", "put this into", "turn this into", "turn it into", "put together",
            "sound professional", "more formal", "sound natural", "come up with", "professional", "natural", "polish", "tone", "warm", "persuasive", "reply to",
        ],
        chinese: &[
            "帮我写", "写一份", "写一篇", "写一段", "写封", "写份", "写篇", "写个", "拟一", "改写", "扩写", "缩写成", "列个", "做一份", "整理", "语气", "口吻", "正式一点",
            "自然一点", "委婉", "措辞", "这段话", "翻成",
        ],
    }),
    // Causes, workings, matters of judgement.
    signal(Axis::Analysis, 2, Words {
        any: &["vs", "vs."],
        english: &[
            "explain", "why", "why is", "why does", "how does", "how do", "how can", "how would", "cause*", "consequence*", "impact", "causing", "how come", "effects", "affect",
            "theories", "weaknesses", "strengths", "reasons", "argument*", "options", "risk*", "forecast", "trend*", "sales", "revenue", "churn", "market*",
            "symbolism", "econom*", "politic*", "philosoph*", "policy", "history of", "teach me", "basics of", "learn", "what would you do", "better",
            "help me", "paragraph", "article", "structure", "mechanism", "evidence", "implications", "role of", "negotiat*", "decide", "decision", "improve",
            "the following", "worth it", "pros of", "cons of", "arguments for", "for and against", "which one", "push back", "point to", "what to ask", "what should i ask", "get started", "from zero", "figure out",
            "work out", "understand", "make sense", "convince", "deal with", "approach", "difference between", "factors", "recommendations", "deciding", "example", "examples", "exercise*", "thinking about", "scam", "beginner", "role play",
        ],
        chinese: &[
            "解释", "为什么", "为何", "原理", "原因", "影响", "后果", "机制", "观点", "不足", "理由", "选择", "风险", "预测", "趋势", "销售额", "流失率", "市场", "象征",
            "经济", "政治", "哲学", "政策", "历史", "教我", "基础知识", "零基础", "入门", "怎么选", "划算", "怎么分配", "优点", "缺点", "如何看待", "文章", "结构",
            "方面", "列出", "说明", "意义", "证据", "谈判", "决定", "决策", "改进", "下面", "以下", "作用", "区别", "合理吗", "怎么谈", "代表什么", "怎么改", "争取", "怎么办",
            "没懂", "不懂", "搞懂", "弄懂", "怎么开始", "怎么提高", "怎么学", "值得", "主因", "因素", "哪个更", "哪些地方", "注意什么", "哪里不", "怎么练", "怎么查", "怎么算", "异同", "怎么应对", "说服", "建议", "举例", "例子", "练习", "能听懂", "骗子", "模拟", "先调", "先做", "百字", "注意啥",
        ],
    }),
    // Law, money, health: a wrong answer is dear.
    signal(Axis::Analysis, 2, Words {
        any: &["tsh", "ldl", "hdl", "bmi", "mri", "ct", "hb", "b12", "nda", "gdpr", "etf", "401k", "isa", "roth"],
        english: &[
            "contract", "lease", "clause*", "legal", "landlord", "tenant", "liab*", "enforceable", "tax*", "invest*", "loan", "savings", "saved", "salary",
            "non-compete", "penalty", "deposit", "sue", "lawyer", "court", "breach", "terminat*", "notice period", "employer", "dismiss*", "redundan*", "visa",
            "refund", "warranty", "copyright", "licen*", "employee*", "severance", "inherit*", "custody", "divorce", "rent", "pension", "credit card", "debt",
            "pay off", "refinanc*", "insurance", "shares", "stocks", "retire*", "a month", "per month", "take home", "down payment", "symptoms", "diagnos*",
            "treatment", "ferritin", "cholesterol", "blood pressure", "blood test*", "thyroid", "dose", "dosage", "medication*", "side effects", "pregnan*",
            "gp", "doctor", "physio*", "diabet*", "test results", "lab results", "therapy", "knee", "injury", "prescri*",
        ],
        chinese: &[
            "合同", "租约", "条款", "法律", "押金", "维权", "赔偿", "税务", "个税", "报税", "缴税", "税率", "投资", "贷款", "利率", "存款", "工资", "知识产权", "症状",
            "诊断", "治疗", "起诉", "仲裁", "劳动法", "竞业", "违约", "甲方", "乙方", "著作权", "版权", "试用期", "辞退", "离职", "裁员", "律师", "法院", "退款", "保修",
            "遗产", "继承", "离婚", "抚养", "签证", "信用卡", "房贷", "车贷", "保险", "公积金", "社保", "基金", "股票", "理财", "首付", "还款", "提前还", "攒钱", "备用金",
            "养老", "利息", "收入", "支出", "房租", "退租", "月薪", "补偿金", "体检", "尿酸", "血压", "血糖", "血脂", "胆固醇", "甲状腺", "脂肪肝", "化验", "指标", "剂量",
            "副作用", "怀孕", "膝盖", "复查", "结节", "吃药", "处方", "康复", "房东", "让我签", "要我签", "偏高", "偏低",
        ],
    }),
    // A journey, a training, a household: many small parts.
    signal(Axis::Analysis, 2, Words {
        any: &["kcal"],
        english: &[
            "trip", "days in", "nights in", "toddler", "kids", "elderly", "parents", "hotel*", "flights", "travel*", "road trip", "marathon", "training",
            "workout*", "lose weight", "meals", "dinners", "vegetarian", "vegan", "protein", "renovat*", "wedding", "moving to", "move to", "switch to",
            "career", "study", "exam", "homework", "assignment", "dissertation", "garden", "start a business", "staff", "business", "baby", "gluten", "leftovers", "side project", "seminar", "debate*", "for class", "lecture", "presentation for", "coursework",
        ],
        chinese: &[
            "带娃", "带爸妈", "带孩子", "一大一小", "两大一小", "亲子", "自驾", "机票", "酒店", "旅游", "旅行", "蜜月", "马拉松", "训练", "健身", "增肌", "减肥",
            "减脂", "素食", "带饭", "装修", "婚礼", "搬家", "转行", "跳槽", "考研", "考公", "雅思", "期末", "作业", "开店", "创业", "店员", "营业", "宝宝", "麸质", "备婚", "留学", "辩论", "正反方", "论点", "教科书", "语文", "课文", "研讨", "课堂", "天玩", "来回", "哪里玩", "住哪", "玩三天",
            "六天五夜", "三天两夜", "大卡", "千卡", "老人",
        ],
    }),
    // A choice between two courses, as against tea or coffee.
    signal(Axis::Analysis, 2, Words {
        any: &[],
        english: &[
            "should i …", "should we …", "is it better …", "is it smarter …", "is it worth …", "am i better off …", "which …", "better to …", "would you …", "… or",
            "… better", "… instead", "… makes sense", "… make sense", "… for my", "… for me",
        ],
        chinese: &["应该 …", "还是 …", "打算 …", "预算 …", "… 还是先", "… 哪个好", "… 更划算", "… 怎么选", "… 选哪个", "… 该选", "… 哪个更合适"],
    }),
    // How something works, why it does so.
    signal(Axis::Analysis, 2, Words {
        any: &[],
        english: &[
            "how do …", "how does …", "how did …", "how can …", "why do …", "why does …", "why did …", "why is …", "why are …", "… work", "… works", "… when",
            "… so", "… if", "… happen", "… affect", "… prevent", "… become", "… instead of", "… lose", "… cause", "… end up",
        ],
        chinese: &["为什么 …", "怎么 …", "如何 …", "是怎么 …", "… 的原理", "… 工作的", "… 运作", "… 会导致", "… 反而", "… 产生的", "… 形成的", "… 实现的", "… 做到的"],
    }),
    // Demands on the answer.
    signal(Axis::Analysis, 1, Words {
        any: &[],
        english: &[
            "under", "at least", "at most", "no more than", "less than", "more than", "without", "must", "need to", "needs to", "within", "not too", "so that",
            "preferably", "ideally", "maximum", "minimum", "including", "but", "mind", "avoid", "or less", "up to", "can't", "limit*",
            "reuse", "plus", "next", "by the end", "one of", "both", "only",
        ],
        chinese: &[
            "不超过", "以内", "左右", "至少", "最多", "不能", "不要", "别太", "必须", "希望", "打算", "尽量", "而且", "但是", "另外", "还要", "并且", "同时", "不想",
            "要求", "控制在", "不得", "适合", "最好", "只能", "只用", "要提到", "分别", "每个", "但不", "想要", "别老",
        ],
    }),
    // Somebody's own matter.
    signal(Axis::Analysis, 1, Words {
        any: &[],
        english: &[
            "i need", "i want", "i have", "i'm starting", "i've been", "we have", "we need", "we're", "my company", "my team", "my boss", "my manager", "my kid",
            "my daughter", "my son", "client", "clients", "customer*", "our", "my partner", "colleague*", "supervisor", "professor", "teacher", "team",
        ],
        chinese: &[
            "帮我", "我想", "我要", "我们", "我有", "我现在", "我是", "我的", "公司", "导师", "教授", "客户", "领导", "同事", "老师", "女儿", "儿子", "家里", "我家",
            "团队", "员工", "部门",
        ],
    }),
    // Counts and times.
    signal(Axis::Analysis, 1, Words {
        any: &[],
        english: &[
            "two", "three", "four", "five", "six", "seven", "eight", "ten", "twelve", "twenty", "hundred", "months", "weeks", "days", "hours", "minutes",
            "years", "seconds", "percent", "per", "each", "every",
        ],
        chinese: &["个月", "小时", "分钟", "公里", "每天", "每周", "每月", "以上", "以后", "之后", "平方米", "每次"],
    }),
    // Papers that are called proof and need none.
    signal(Axis::Analysis, 3, Words {
        any: &[],
        english: &["proof of address", "proof of income", "proof of payment", "proof of concept"],
        chinese: &["在职证明", "收入证明", "离职证明", "请假证明", "身份证明", "开证明"],
    }),
];
