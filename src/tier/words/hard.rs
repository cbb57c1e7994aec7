//! What speaks for long reasoning.

use super::{Axis, Signal, Words, signal};

#[rustfmt::skip]
pub(super) const ROWS: &[Signal] = &[
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
            "推导", "下界", "慢慢想", "反复推敲", "推演", "求证",
        ],
    }),
    // To show a theorem.
    signal(Axis::Hard, 4, Words {
        any: &["iff"],
        english: &["show that every", "show that there", "show that any", "show that no", "show that the", "show that if", "show that a", "show whether", "disprove", "counterexample*"],
        chinese: &["当且仅当", "充要条件", "反例", "恒为", "严格论证", "必胜", "真话", "假话", "唯一确定"],
    }),
    // Given this, show that.
    signal(Axis::Hard, 3, Words {
        any: &[],
        english: &["let …", "suppose …", "given …", "assume …", "… show", "… characteri*", "… deduce", "… find all", "… must be", "… impossib*"],
        chinese: &["任意 …", "已知 …", "假设 …", "对所有 …", "… 求证", "… 试证", "… 刻画", "… 请证", "… 恒为", "… 不可能"],
    }),
    // Mathematics of universities.
    signal(Axis::Hard, 2, Words {
        any: &[],
        english: &[
            "subgroup*", "abelian", "sylow", "homomorphism", "isomorphic", "compact", "topolog*", "uniformly", "converges", "continuous", "measurable",
            "irrational", "primes", "vertex", "vertices", "connected graph", "infinite", "bounded", "finite field*", "modulo", "bijection", "generalis*", "generaliz*", "the reals", "manifold", "martingale", "estimator", "estimand", "causal*", "identified", "fixed effects",
            "heterogeneous", "ilp", "decomposition", "equilibrium", "nash", "bayesian", "asymptotic*", "convex", "spectral", "martingales", "finite group*",
        ],
        chinese: &[
            "素数", "无理数", "连通图", "顶点", "有界", "有限域", "群同态", "交换群", "模p", "连续", "阿贝尔", "同构", "收敛", "紧致", "拓扑", "整除", "非负整数", "推广", "任意", "均衡", "可测", "渐近", "贝叶斯",
            "估计量", "内生性", "工具变量", "双重差分", "期望天数", "纳什",
        ],
    }),
    // Every case, and nothing left out.
    signal(Axis::Hard, 2, Words {
        any: &[],
        english: &[
            "every case", "list all", "all of them", "either way", "exactly", "provably", "optimal", "unique", "by cases",
            "case analysis", "under which assumptions", "if not", "work out the full", "pins down", "each choice", "every choice", "always win", "neither",
            "winning strategy", "survives", "root cause", "what exactly", "confounders", "hypotheses", "worst case", "deduce", "liar*",
        ],
        chinese: &[
            "穷尽", "分情况", "最优", "每个取舍", "每个选择", "完整时序", "安全性", "说明理由", "讲理由", "最先扛不住", "混杂",
            "内外效度", "识别策略", "稳健性", "最坏情况", "如果不", "逐一", "怎么证明",
        ],
    }),
    // Load, loss and rest of large systems.
    signal(Axis::Hard, 2, Words {
        any: &["qps", "tps", "sla", "raft", "paxos", "rpo", "rto"],
        english: &[
            "million users", "per second", "justify", "estimate the cost", "offline", "sync", "exactly once", "exactly-once", "rollback", "partition*", "failover",
            "replication", "sharding", "event sourcing", "multi-region", "encryption", "zero downtime", "audit*", "compliance", "every region",
            "backpressure", "snapshot*", "concurrently", "charged twice", "per region", "recover*", "outage", "latency",
        ],
        chinese: &[
            "每秒", "峰值", "超卖", "断电", "机房", "三中心", "多活", "容灾", "回退", "回滚", "分阶段", "取舍", "扛不住", "不能停机", "分区", "快照", "选举", "日志复制",
            "加密", "离线", "同步", "千万", "亿级", "上云", "搬到云", "压测", "降级", "限流", "对账", "估算", "合规", "审计", "千万人", "延迟",
        ],
    }),
    // Large things to build, to draft or to settle.
    signal(Axis::Hard, 3, Words {
        any: &["multi-tenant", "saas", "lock-free", "crdt", "o(n log n)"],
        english: &[
            "design a", "design an", "design the", "system design", "architect*", "distributed", "concurren*", "consisten*", "scalab*", "failure modes",
            "fault toleran*", "capacity", "throughput", "migrat*", "downtime", "idempoten*", "every file", "each file", "all files", "all the files",
            "several files", "multiple files", "codebase", "workspace", "microservice*", "module layout", "modules", "compiler", "interpreter",
            "operating system", "type system", "type checker", "complete", "full proof", "full reduction", "full research", "full code", "full system", "full design", "from scratch", "end to end", "end-to-end", "production-ready", "linearizab*",
            "memory ordering", "correctness", "induction", "reduction", "lemma*", "conjecture", "hypothes*", "methodology", "counterargument*", "competing",
            "draft a", "draft the", "every possible", "all possible", "carefully", "puzzle", "infinitely many", "if and only if", "necessary and sufficient",
            "starv*", "race condition*", "research plan", "every interleaving", "model this", "near-optimal", "separate files", "parser", "lexer", "automaton", "with tests",
            "plus tests", "invariant*", "impossibility", "every trade-off", "identification",
        ],
        chinese: &[
            "设计一个", "设计一套", "系统设计", "架构", "分布式", "并发", "一致性", "高可用", "容错", "故障模式", "容量估算", "吞吐", "迁移", "不停机", "幂等", "每个文件",
            "多个文件", "所有文件", "模块", "代码库", "微服务", "编译器", "解释器", "操作系统", "类型检查", "类型系统", "完整", "从零实现", "端到端", "无锁", "内存序",
            "线性化", "正确性", "归纳法", "归约", "引理", "猜想", "假设", "方法论", "反对意见", "相互竞争", "起草", "所有可能", "多租户", "无穷多", "仔细",
            "推理", "饿死", "竞态", "逻辑题", "所有情形", "分文件", "从头写", "从头实现", "自动机", "语法分析", "词法", "带测试", "不变量",
        ],
    }),
];
