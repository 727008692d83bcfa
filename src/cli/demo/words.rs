//! Word lists, and what a made-up project calls its things.

use super::random::Rng;
use std::sync::LazyLock;

pub type List = LazyLock<Vec<&'static str>>;

fn list(words: &'static str) -> Vec<&'static str> {
    words.split_whitespace().collect()
}

pub static NOUNS: List = LazyLock::new(|| {
    list(
        "parser index cache queue session token buffer schema route handler worker socket cursor ledger
    budget header footer payload cluster shard replica snapshot journal batch pipeline stage
    filter facet query ranking score snippet document segment column table row key value record
    field message event stream channel lock thread task timer clock window panel button dialog
    form widget canvas layer sprite shader mesh camera scene asset bundle module package plugin
    adapter driver backend frontend gateway proxy client server request response cookie user
    account role permission policy rule invoice order cart payment refund currency price discount
    report chart axis legend tooltip metric counter gauge histogram trace span log alert incident
    deploy release branch commit diff patch merge conflict review test fixture mock coverage
    benchmark profile heap stack frame pointer slice iterator closure macro variant option result
    error panic retry backoff timeout deadline quota limit page offset checkpoint fingerprint hash
    digest signature certificate secret config flag environment volume container image node region
    zone subnet tunnel domain resolver mailer template locale calendar duration interval schedule
    job tensor gradient optimizer dataset sampler tokenizer embedding attention decoder encoder
    webhook inbox outbox tenant audit export import upload download thumbnail avatar theme",
    )
});

pub static VERBS: List = LazyLock::new(|| {
    list(
        "load parse build flush fetch merge split score rank sort group fold render draw paint mount
    bind watch scan walk visit resolve retry cancel commit rollback acquire release open close
    read write append truncate rotate compact encode decode compress inflate hash sign verify
    check validate normalize escape format print trace measure sample train predict deploy migrate
    seed reset restore export import convert copy move rename remove insert update replace apply
    schedule dispatch route handle accept reject notify publish subscribe poll drain spawn join
    park wake lock guard count sum collect map emit clamp dedupe throttle prefetch evict pin unpin",
    )
});

pub static ADJECTIVES: List = LazyLock::new(|| {
    list(
        "slow stale flaky missing broken duplicate empty partial nested shared hidden unused lazy
    strict atomic cold warm idle torn wrong large tiny local remote global private public legacy
    new pending orphaned stable noisy redundant implicit explicit invalid",
    )
});

/// Stems, prefixes and suffixes of the long tail: some 50,000 words that look like English.
static STEMS: List = LazyLock::new(|| {
    list(
        "flush route index queue merge batch cache shard score parse frame stage token order label
    align trace paint match patch shift scale split count limit block chain guard track drift
    press grant mount plant craft blend stamp print clamp pitch switch bridge charge signal market
    garden winter silver copper harbor meadow canyon valley orchid lantern compass anchor pebble
    timber marble velvet ribbon saddle kettle basket candle mirror ladder hammer needle thread
    button pocket wallet ticket rocket planet comet orbit vector matrix tensor scalar kernel
    module render shadow border margin column gutter layout cursor editor viewer finder loader
    writer reader walker runner keeper holder",
    )
});
/// `-` stands for none.
static PREFIXES: List = LazyLock::new(|| {
    list(
        "- re un pre post de mis over under sub super inter multi semi auto co non out up cross mid
    micro macro",
    )
});
static SUFFIXES: List = LazyLock::new(|| {
    list(
        "- ed ing er ers s able less ful ness ment ly ish ward like wise ability ion ive ism ist ize
    ized izer",
    )
});

/// One language's stuff: whole sentences for prompts that people read, and words for the bulk, which
/// is word salad with the right letters and lengths.
pub struct Language {
    pub sentences: &'static [&'static str],
    pub words: List,
    pub between: &'static str,
    pub stop: &'static str,
}

pub static LANGUAGES: [Language; 6] = [
    Language {
        sentences: &[
            "{i} 为什么会返回旧的值？请检查缓存并加上测试。",
            "把 {f} 里的分页改成每页 {n} 条，并保留筛选条件。",
            "数据库连接经常超时，帮我看看 {t} 的重试逻辑。",
            "登录之后页面一直空白，日志里只有 {t}，请找出原因。",
            "请把 {i} 拆成两个函数，并补充文档。",
        ],
        words: LazyLock::new(|| {
            list(
                "请 检查 一下 这个 接口 的 性能 问题 为什么 测试 失败 修复 缓存 没有 更新
                数据库 连接 超时 需要 增加 单元测试 配置 文件 目录 结构 重构 代码 函数 参数
                返回值 错误 日志 显示 页面 按钮 样式 用户 登录 权限 部署 服务器 内存 泄漏
                线程 队列 消息 订单 支付 退款 统计 图表 导出 搜索 索引 分页 排序 我们 应该
                可以 先 然后 再 把 和 在 里",
            )
        }),
        between: "",
        stop: "。",
    },
    Language {
        sentences: &[
            "Почему тест для {i} падает только на сервере? Найди причину.",
            "Добавь в {f} ограничение: не больше {n} запросов в минуту.",
            "Перепиши запрос в {t}, он работает слишком медленно.",
        ],
        words: LazyLock::new(|| {
            list(
                "проверь почему тест падает исправь ошибку в модуле кэш не обновляется после
                перезапуска сервера добавь логи и покажи график для каждого дня нужно
                переписать запрос к базе данных чтобы он работал быстрее очередь сообщений
                зависает",
            )
        }),
        between: " ",
        stop: ".",
    },
    Language {
        sentences: &[
            "Warum liefert {i} nach einem Neustart den alten Wert? Bitte mit Test beheben.",
            "Bitte {f} in kleinere Module aufteilen, es ist unlesbar geworden.",
            "Die Abfrage in {t} dauert {n} Sekunden. Was können wir tun?",
        ],
        words: LazyLock::new(|| {
            list(
                "bitte prüfe warum der Test fehlschlägt und behebe den Fehler im
                Zwischenspeicher die Abfrage ist zu langsam füge eine Überprüfung hinzu
                damit Größe des Puffers stimmt nach Neustart keine Daten verloren gehen für
                alle Benutzer",
            )
        }),
        between: " ",
        stop: ".",
    },
    Language {
        sentences: &[
            "Revisa por qué {i} falla con listas vacías y añade una prueba.",
            "La consulta de {t} es muy lenta con más de {N} filas, ¿puedes mejorarla?",
        ],
        words: LazyLock::new(|| {
            list(
                "revisa por qué la prueba falla y corrige el error en módulo caché no se
                actualiza después de reiniciar servidor añade un límite para cada usuario
                consulta es lenta tabla",
            )
        }),
        between: " ",
        stop: ".",
    },
    Language {
        sentences: &[
            "{f} の {i} を修正して、テストを追加してください。",
            "検索結果の並び順がおかしいです。{t} を確認してください。",
        ],
        words: LazyLock::new(|| {
            list(
                "この 関数 を 修正 して ください テスト が 失敗 する 理由 確認 キャッシュ
                更新 されない ログ 追加 画面 表示 遅い データベース 接続 設定 ファイル 検索
                結果 並び替え 権限 利用者",
            )
        }),
        between: "",
        stop: "。",
    },
    Language {
        sentences: &[
            "{i} 함수가 가끔 두 번 호출됩니다. 이유를 찾아 고쳐 주세요.",
            "{f} 에 로그를 추가하고 결과를 알려 주세요.",
        ],
        words: LazyLock::new(|| {
            list(
                "이 함수를 고쳐 주세요 테스트가 실패하는 이유를 확인하고 캐시 업데이트 로그를
                추가해 검색 결과가 느립니다 서버 재시작 후 데이터 연결 설정 파일 사용자 권한
                화면에 표시",
            )
        }),
        between: " ",
        stop: ".",
    },
];

/// A word of the long tail; low ranks are much more frequent.
pub fn tail_word(rng: &mut Rng, out: &mut String) {
    let rank = rng.rank(STEMS.len() * PREFIXES.len() * SUFFIXES.len());
    // spreads neighbours in rank over stems, so that frequent words do not all share one
    let stem = STEMS[rank % STEMS.len()];
    let rest = rank / STEMS.len();
    let suffix = SUFFIXES[(rest / PREFIXES.len() + rank) % SUFFIXES.len()];
    for part in [PREFIXES[rest % PREFIXES.len()], stem, suffix] {
        out.push_str(part.trim_matches('-'));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Rust,
    Python,
    TypeScript,
    Go,
}

impl Code {
    pub fn extension(self) -> &'static str {
        match self {
            Code::Rust => "rs",
            Code::Python => "py",
            Code::TypeScript => "ts",
            Code::Go => "go",
        }
    }
    pub fn fence(self) -> &'static str {
        match self {
            Code::Rust => "rust",
            Code::Python => "python",
            Code::TypeScript => "ts",
            Code::Go => "go",
        }
    }
    pub fn test_command(self) -> &'static str {
        match self {
            Code::Rust => "cargo test",
            Code::Python => "pytest -q",
            Code::TypeScript => "npm test --",
            Code::Go => "go test ./...",
        }
    }
}

/// A made-up project with names of its own, the more frequent ones first.
#[derive(Clone, Debug)]
pub struct Project {
    pub name: String,
    pub cwd: String,
    pub code: Code,
    pub branches: Vec<String>,
    pub files: Vec<String>,
    pub functions: Vec<String>,
    pub types: Vec<String>,
}

impl Project {
    pub fn new(seed: u64, number: usize) -> Project {
        let mut rng = Rng::new(seed, 2, number as u64);
        let code = [Code::Rust, Code::Python, Code::TypeScript, Code::Go][rng.below(4)];
        let mut name = match NAMES.get(number) {
            Some(name) => (*name).to_owned(),
            None => format!("{}-{}", rng.pick(&ADJECTIVES), rng.pick(&NOUNS)),
        };
        if number >= NAMES.len() {
            name.push_str(&format!("-{number}"));
        }
        let home = ["work", "src", "projects", "code"][rng.below(4)];
        let cwd = format!("/home/dev/{home}/{name}");
        let mut project = Project {
            cwd,
            code,
            branches: vec!["main".into()],
            files: Vec::new(),
            functions: Vec::new(),
            types: Vec::new(),
            name,
        };
        for _ in 0..4 {
            let kind = rng.pick(&["fix", "feat", "chore", "perf"]);
            let (verb, noun) = (rng.pick(&VERBS), rng.pick(&NOUNS));
            project.branches.push(format!("{kind}/{verb}-{noun}"));
        }
        for _ in 0..90 {
            project.files.push(file(&mut rng, code));
        }
        for _ in 0..700 {
            project.functions.push(function(&mut rng, code));
        }
        for _ in 0..160 {
            project.types.push(type_name(&mut rng));
        }
        project
    }
    /// The folder name under which one agent files this directory.
    pub fn folder_key(cwd: &str) -> String {
        cwd.chars()
            .map(|c| match c {
                'A'..='Z' | 'a'..='z' | '0'..='9' | '-' => c,
                _ => '-',
            })
            .collect()
    }
}

static NAMES: List = LazyLock::new(|| {
    list(
        "lantern-api harbor tidepool quill ledgerline paperboat skylark mosaic fernweh cartwheel
    northgate bluebell sandpiper inkwell waypoint thimble",
    )
});

fn file(rng: &mut Rng, code: Code) -> String {
    let dir = rng.pick(&[
        "src",
        "src/core",
        "src/api",
        "lib",
        "tests",
        "src/web",
        "src/store",
        "pkg",
    ]);
    let stem = match rng.below(3) {
        0 => rng.pick(&NOUNS).to_owned(),
        1 => format!("{}_{}", rng.pick(&NOUNS), rng.pick(&NOUNS)),
        _ => format!("{}_{}", rng.pick(&VERBS), rng.pick(&NOUNS)),
    };
    format!("{dir}/{stem}.{}", code.extension())
}

fn function(rng: &mut Rng, code: Code) -> String {
    let (verb, first, second) = (rng.pick(&VERBS), rng.pick(&NOUNS), rng.pick(&NOUNS));
    let three = rng.chance(0.35);
    match code {
        Code::Rust | Code::Python if three => format!("{verb}_{first}_{second}"),
        Code::Rust | Code::Python => format!("{verb}_{first}"),
        _ if three => format!("{verb}{}{}", capital(first), capital(second)),
        _ => format!("{verb}{}", capital(first)),
    }
}

fn type_name(rng: &mut Rng) -> String {
    let kind = rng.pick(&[
        "Store", "Builder", "Error", "Config", "View", "Guard", "Set", "Id",
    ]);
    let first = capital(rng.pick(&NOUNS));
    match rng.below(3) {
        0 => first + &capital(rng.pick(&NOUNS)),
        1 => first + kind,
        _ => first + &capital(rng.pick(&NOUNS)) + kind,
    }
}

pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
