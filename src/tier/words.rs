//! What words and marks say about a question: the table behind `signs`. A row is one reason to
//! think something, with the words for it in each language; a new language is a new column.

mod against;
mod analysis;
mod code;
mod hard;

/// What a row speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Against work: how people are to each other. Says little about a long text.
    Chat,
    /// Against work: a small task, whatever words it is about.
    Small,
    /// Against work at any length: a story of the day, a bet among friends.
    Mood,
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
/// a final `*` lets the last one go on. Words of a row that begin or end with `…` are the parts of
/// frames: any second part counts once any first part stands somewhere before it.
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

/// Rows of the whole table.
pub(super) const ROWS: usize =
    against::ROWS.len() + code::ROWS.len() + analysis::ROWS.len() + hard::ROWS.len();

/// The whole table.
pub(super) fn signals() -> impl Iterator<Item = &'static Signal> {
    let tables = [against::ROWS, code::ROWS, analysis::ROWS, hard::ROWS];
    tables.into_iter().flatten()
}

/// Simplified characters of the table, each with its traditional one.
pub(super) const TRADITIONAL: &str = "\
    谢謝吗嗎请請无無烦煩饿餓乐樂开開难難伤傷爱愛厉厲夸誇终終译譯语語么麼读讀写寫错錯别別换換说說润潤义義话話谜謎转轉对對联聯顺順绕繞谁誰远遠几幾\
    岁歲国國会會过過带帶电電礼禮颜顏时時个個里裡钟鐘单單测測试試链鏈树樹间間复複杂雜虫蟲编編码碼数數脚腳变變组組针針环環递遞归歸库庫询詢张張键鍵\
    构構类類注註释釋并並务務进進线線协協调調关關内內缓緩网網页頁装裝饰飾异異报報溃潰闪閃蓝藍锁鎖败敗应應绝絕连連现現优優实實为為详詳细細骤驟较較\
    点點区區总總结結炼煉议議论論职職历歷简簡讲講评評证證统統业業纲綱规規划劃计計备備习習预預课課积積阵陣征徵额額标標准準极極图圖项項动動响響机機\
    观觀选選择擇险險约約条條维維权權赔賠偿償税稅贷貸资資趋趨势勢销銷济濟经經门門识識产產决決谈談断斷疗療诉訴劳勞严嚴认認导導设設布佈从從检檢见見\
    竞競争爭续續着著来來种種举舉还還这這发發后後伞傘价價词詞诊診误誤韩韓风風长長称稱穷窮纳納继繼荐薦觉覺赖賴迁遷态態栈棧样樣欢歡气氣没沒状狀离離\
    据據脑腦号號场場块塊学學拦攔当當确確础礎诗詩则則\
    万萬东東丢丟两兩书書乱亂于於云雲亲親亿億仅僅们們众衆传傳体體余餘倾傾儿兒养養冲衝况況冻凍减減创創删刪剂劑剧劇办辦劲勁华華卖賣却卻压壓双雙叶葉听聽\
    启啓员員呜嗚团團圆圓坏壞声聲处處头頭夹夾妈媽宝寶审審尔爾尽盡峰峯币幣师師帮幫幂冪干幹广廣弯彎强強录錄径徑怀懷恋戀恒恆惨慘懒懶户戶扩擴抚撫抛拋拟擬\
    摄攝攒攢敛斂昵暱显顯椭橢浏瀏浓濃渐漸游遊滚滾灾災烫燙热熱独獨画畫盖蓋盘盤稳穩笔筆签簽粤粵紧緊红紅级級纪紀练練绍紹络絡缩縮缴繳聪聰胆膽胜勝节節药藥\
    营營虚虛补補视視览覽讨討让讓训訓记記该該谱譜贝貝负負财財账賬质質赌賭赏賞车車软軟辈輩辑輯输輸辞辭辩辯运運违違迟遲适適逻邏遗遺邮郵郁鬱钮鈕钱錢锥錐\
    问問闷悶闹鬧闺閨队隊阶階随隨霉黴顶頂须須顿頓领領题題飞飛饭飯马馬驱驅驾駕骂罵验驗骗騙鸽鴿麸麩龙龍";
