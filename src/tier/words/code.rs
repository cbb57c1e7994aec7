//! What speaks for work with computers: names of tools, things, troubles.

use super::{Axis, Signal, Words, signal};

#[rustfmt::skip]
pub(super) const ROWS: &[Signal] = &[
    // What only people who work with it name.
    signal(Axis::Code, 4, Words {
        any: &[
            "typescript", "golang", "kotlin", "c++", "c#", "ocaml", "haskell", "sql", "mysql", "postgres*", "sqlite", "redis", "mongodb", "elasticsearch",
            "kafka", "docker*", "kubernetes", "kubectl", "k8s", "nginx", "terraform", "ansible", "bash", "zsh", "powershell", "curl", "awk", "sed", "grep",
            "cron*", "systemd", "regex*", "regexp", "vue", "node.js", "nodejs", "npm", "webpack", "pip", "cargo", "maven", "gradle", "django", "flask",
            "spring boot", "springboot", "fastapi", "laravel", "pandas", "numpy", "pytorch", "tensorflow", "flexbox", "webassembly", "leetcode", "cors",
            "vlookup", "xlookup", "tcp", "udp", "graphql", "websocket*", "oauth", "jwt", "svelte", "next.js", "nextjs", "tailwind", "jquery", "vite", "redux",
            "selenium", "playwright", "puppeteer", "opencv", "sklearn", "scikit-learn", "matplotlib", "keras", "cuda", "jupyter", "pycharm", "intellij",
            "xcode", "flutter", "mqtt", "grafana", "prometheus", "jenkins", "ci/cd", "github actions", "gitlab", "ec2", "rabbitmq", "celery", "gunicorn",
            "tomcat", "mybatis", "hibernate", "iptables", "ufw", "rsync", "ffmpeg", "tmux", "conda", "venv", "virtualenv", "makefile", "cmake", "gcc", "clang",
            "llvm", "vba", "power query", "pivot table*", "stm32", "wsl", "vmware", "virtualbox", "debian", "centos", "proxmox", "samba", "dhcp",
        ],
        english: &["unit test*", "linked list", "stack trace", "pull request", "merge conflict", "big o", "race condition", "window function", "off by one"],
        chinese: &["c语言", "正则", "单元测试", "链表", "二叉树", "时间复杂度", "爬虫", "堆栈", "透视表", "窗口函数", "反向代理", "段错误", "空指针"],
    }),
    // What others have heard of, too.
    signal(Axis::Code, 3, Words {
        any: &[
            "python", "javascript", "java", "rust", "swift", "php", "ruby", "scala", "html", "css", "git", "github", "linux", "ubuntu", "shell", "ssh",
            "react", "angular", "json", "yaml", "xml", "csv", "api", "vim", "excel", "arduino", "esp32", "android studio", "vscode", "vs code",
            "visual studio", "raspberry pi", "aws", "azure", "firebase", "cloudflare", "vps", "dns", "vpn", "ssl", "wordpress", "google sheets", "notion",
            "power bi", "macos", "apache", "gpu", "nas", "stata", "spss", "rtx", "zigbee", "home assistant",
        ],
        english: &["in c", "in go", "in r", "matlab", "latex", "for loop", "while loop"],
        chinese: &["前端", "后端", "编程", "单片机", "小程序", "树莓派", "虚拟机", "数据表", "飞书", "安卓开发"],
    }),
    // Things of code.
    signal(Axis::Code, 2, Words {
        any: &[
            "div", "flex", "localhost", "stdin", "stdout", "async", "await", "malloc", "null", "nullptr", "utf-8", "https", "404", "500", "502",
            "503", "504", ".py", ".js", ".jpeg", ".jpg", ".csv", ".json", ".txt", ".log", ".go", ".rs", ".java", ".c", ".sh", ".xlsx", "for循环", "while循环",
        ],
        english: &[
            "function", "functions", "code", "script", "program", "class", "method", "variable*", "array*", "hashmap", "dictionary", "string", "strings",
            "integer", "binary tree", "heap", "stack", "pointer*", "loop", "recursion", "recursive", "algorithm*", "compil*", "database", "db", "query",
            "queries", "table", "index", "primary key", "schema", "test cases", "type hints", "commit", "branch", "merge", "rebase", "deploy*", "server",
            "port", "process", "container", "endpoint", "component", "library", "framework", "one-liner", "command line", "command", "terminal", "config",
            "debug*", "thread", "threads", "lifetime", "borrow*", "rows", "columns", "refactor*", "files", "parse*", "backend", "frontend", "logs", "cache",
            "app", "website", "struct", "node", "enum", "callback", "webhook*", "proxy", "formula", "spreadsheet", "sheets", "lookup", "cells", "firmware",
            "driver", "bios", "sensor", "wifi", "wi-fi", "router", "bluetooth", "ethernet", "usb", "folder tree", "subfolders", "rename", "automate", "dump*",
            "zip*", "backup", "login page", "dropdown", "scroll*", "fires", "renders", "request body", "build", "kernel", "cpu", "ram", "ssd",
        ],
        chinese: &[
            "函数", "代码", "脚本", "程序", "变量", "数组", "列表", "字典", "字符串", "指针", "循环", "递归", "算法", "编译", "数据库", "查询", "一张表", "两张表",
            "索引", "主键", "表结构", "类型注解", "提交", "分支", "合并", "部署", "服务器", "端口", "进程", "线程", "协程", "容器", "接口", "组件", "框架", "命令",
            "终端", "配置", "调试", "复杂度", "排序", "日志", "渲染", "重构", "跨域", "线上", "内存", "匹配", "缓存", "解析", "文件", "网页", "网站", "依赖",
            "装饰器", "回调", "异步", "结构体", "节点", "公式", "表格", "单元格", "工作表", "目录", "批量", "备份", "改名", "重命名", "压缩", "路由器", "蓝牙",
            "驱动", "固件", "传感器", "控制台", "测试库", "正式库", "语句", "页面", "按钮", "请求", "后台", "显卡", "硬盘", "局域网", "端口映射", "子目录", "文件夹",
        ],
    }),
    // Things that everybody has, and that break.
    signal(Axis::Code, 1, Words {
        any: &["ios", "android", "windows", "chrome", "iphone", "ipad", "macbook", "mac", "pc", "ip", "url", "nvme"],
        english: &[
            "phone", "laptop", "computer", "screen", "button", "page", "browser", "safari", "firefox", "printer", "tablet", "folder", "file", "photos",
            "password", "login", "account", "notification*", "battery", "charger", "cable", "keyboard", "monitor", "network", "internet", "signal",
            "data", "software", "update", "install*", "settings", "headphones", "camera", "tv", "car", "engine", "boiler", "washing machine", "dishwasher",
        ],
        chinese: &[
            "手机", "电脑", "笔记本", "屏幕", "浏览器", "打印机", "平板", "网络", "网速", "账号", "登录", "密码", "验证码", "电池", "充电", "充电器",
            "键盘", "显示器", "信号", "数据", "软件", "更新", "升级", "安装", "系统", "耳机", "摄像头", "电视", "冰箱", "空调", "洗衣机", "热水器", "发动机", "保存", "自动", "内存卡", "剩余空间", "空间",
        ],
    }),
    // Something is broken, in the words of those who mend it.
    signal(Axis::Code, 3, Words {
        any: &[
            "traceback", "segfault", "segmentation fault", "stacktrace", "exit code", "errno", "err!", "error[e", "undefined", "exception in", "#n/a", "#ref!",
            "#value!", "nan", "npm err", "fatal:", "panic:",
        ],
        english: &[
            "error", "errors", "exception", "fails", "failing", "failed", "crash*", "bug", "bugs", "doesn't work", "doesnt work", "not working",
            "doesn't compile", "won't compile", "undefined reference", "connection refused", "permission denied", "timeout", "timed out", "null pointer",
            "deadlock*", "memory leak", "blue screen", "cannot", "not found", "syntax", "what am i missing", "out of memory", "denied", "warning:",
            "not defined", "is not a", "not subscriptable", "cannot read", "referenceerror", "typeerror", "valueerror", "keyerror", "is not callable",
            "stack overflow", "unexpected token", "infinite loop", "goes blank", "white screen", "black screen",
        ],
        chinese: &[
            "报错", "错误", "异常", "崩溃", "闪退", "蓝屏", "超时", "死锁", "内存泄漏", "退出码", "失败", "哪里错", "写错", "不生效", "没反应", "排查", "拒绝连接",
            "找不到", "卡死", "拦截", "溢出", "连不上", "打不开", "白屏", "黑屏", "死机", "乱码", "死循环", "冲突", "报了",
        ],
    }),
    // The same in the words of those who have it.
    signal(Axis::Code, 2, Words {
        any: &[],
        english: &[
            "won't", "wont", "doesn't", "doesnt", "isn't", "stopped", "stops", "keeps", "keep getting", "randomly", "intermittent*", "suddenly",
            "no longer", "slow", "slows", "laggy", "lags", "freez*", "stuck", "hangs", "twice", "duplicate*", "broken", "restarts", "restart*", "reboot*",
            "disconnect*", "resets", "dies", "blank", "disappear*", "overheat*", "gives me", "gives", "returns", "prints", "instead of", "even though",
            "no reason", "skips", "leak*", "even start", "what could it be", "any ideas", "any idea", "wrong result*", "used to work", "flicker*",
            "beeps", "rattl*", "smells", "won't start", "times out", "too early", "too late", "out of sync", "off by", "makes a noise", "loses",
        ],
        chinese: &[
            "老是", "总是", "偶尔", "时有时无", "突然", "明明", "昨天还", "越来越", "变慢", "很慢", "特别慢", "卡顿", "卡住", "重启", "断线", "断开", "掉线", "发烫",
            "不显示", "不出来", "丢失", "重复", "跳过", "没声音", "咋救", "咋回事", "怎么回事", "怎么解决", "求助", "求救", "只有一", "不行", "没用", "无法", "不了", "一直",
            "异响", "漏水", "不工作", "没问题", "自己就", "消失", "可我", "还是不", "显示", "删不掉",
        ],
    }),
    // It works here, but not there.
    signal(Axis::Code, 2, Words {
        any: &[],
        english: &[
            "works …", "works fine …", "fine on …", "its fine …", "it's fine …", "only on …", "ok on …", "runs fine …", "was fine …", "worked …",
            "but on …", "but when …", "but only …", "but in …", "… but", "… but not", "… not on", "… only on", "… fine on", "… its fine", "… it's fine",
            "… works fine", "… was fine", "… in production", "… on my laptop", "… on my phone",
        ],
        chinese: &[
            "好好的 …", "正常 …", "能用 …", "没问题 …", "明明 …", "同样的 …", "本地 …", "测试 …", "… 就不行", "… 就报错", "… 不行", "… 却不", "… 却没", "… 却会", "… 却要", "… 就是", "… 正式", "… 线上",
            "… 但是", "… 就白屏", "… 就卡", "… 就断",
        ],
    }),
    // Marks that prose does not have.
    signal(Axis::Code, 3, Words {
        any: &[
            "=>", "->", "::", "!=", "==", "&&", "||", "();", ");", "</", "/>", "+=", "{}", "[]", "#include", "import ", "def ", "const ", "let mut", "fn ",
            "return ", "print(", "printf(", "console.log", "select ", "insert into", "group by", "order by", "left join", "public static", "sudo ", "if (",
            "for (", "(?", "[a-z]", "[0-9]", "\\d", "\\w",
        ],
        english: &[],
        chinese: &[],
    }),
    // Make or mend something: says little without the rows above.
    signal(Axis::Code, 1, Words {
        any: &[],
        english: &[
            "write a", "write me a", "write unit", "implement*", "fix", "create a", "optimi*", "convert this", "how do i", "how can i", "how to", "why does",
            "why is", "turn this", "set up", "setup", "connect*", "configure*", "speed up", "get rid of", "guard against",
        ],
        chinese: &["写一个", "写一条", "写个", "做一个", "实现", "修复", "优化", "改成", "怎么", "如何", "为什么", "怎样", "怎么弄", "咋弄", "转成", "避免", "连接", "搭建"],
    }),
];
