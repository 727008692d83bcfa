//! Languages of files, by the endings of their names.

/// Files that are known by their whole name.
const WHOLE: [&str; 3] = ["dockerfile", "justfile", "makefile"];

/// Ending to language, and [`WHOLE`] names, in order.
const ENDINGS: &[(&str, &str)] = &[
    ("asm", "Assembly"),
    ("astro", "Astro"),
    ("bash", "Shell"),
    ("bat", "Batch"),
    ("bzl", "Starlark"),
    ("c", "C"),
    ("cc", "C++"),
    ("cjs", "JavaScript"),
    ("clj", "Clojure"),
    ("cmake", "CMake"),
    ("cpp", "C++"),
    ("cs", "C#"),
    ("css", "CSS"),
    ("csv", "Data"),
    ("cts", "TypeScript"),
    ("cu", "CUDA"),
    ("cxx", "C++"),
    ("dart", "Dart"),
    ("dockerfile", "Docker"),
    ("ejs", "HTML"),
    ("elm", "Elm"),
    ("erl", "Erlang"),
    ("ex", "Elixir"),
    ("exs", "Elixir"),
    ("fish", "Shell"),
    ("fs", "F#"),
    ("go", "Go"),
    ("gradle", "Gradle"),
    ("graphql", "GraphQL"),
    ("groovy", "Groovy"),
    ("h", "C"),
    ("hbs", "HTML"),
    ("hcl", "HCL"),
    ("hh", "C++"),
    ("hpp", "C++"),
    ("hs", "Haskell"),
    ("htm", "HTML"),
    ("html", "HTML"),
    ("ini", "Configuration"),
    ("ipynb", "Notebook"),
    ("java", "Java"),
    ("jl", "Julia"),
    ("js", "JavaScript"),
    ("json", "JSON"),
    ("json5", "JSON"),
    ("jsonc", "JSON"),
    ("jsonl", "JSON"),
    ("jsx", "JavaScript"),
    ("justfile", "Make"),
    ("kt", "Kotlin"),
    ("kts", "Kotlin"),
    ("less", "CSS"),
    ("lua", "Lua"),
    ("m", "Objective-C"),
    ("makefile", "Make"),
    ("markdown", "Markdown"),
    ("md", "Markdown"),
    ("mdx", "Markdown"),
    ("mjs", "JavaScript"),
    ("ml", "OCaml"),
    ("mli", "OCaml"),
    ("mm", "Objective-C"),
    ("mts", "TypeScript"),
    ("nim", "Nim"),
    ("nix", "Nix"),
    ("php", "PHP"),
    ("pl", "Perl"),
    ("pm", "Perl"),
    ("prisma", "Prisma"),
    ("proto", "Protobuf"),
    ("ps1", "PowerShell"),
    ("py", "Python"),
    ("pyi", "Python"),
    ("r", "R"),
    ("rb", "Ruby"),
    ("rs", "Rust"),
    ("rst", "Text"),
    ("sass", "CSS"),
    ("scala", "Scala"),
    ("scss", "CSS"),
    ("sh", "Shell"),
    ("sol", "Solidity"),
    ("sql", "SQL"),
    ("svelte", "Svelte"),
    ("svg", "SVG"),
    ("swift", "Swift"),
    ("tex", "LaTeX"),
    ("tf", "HCL"),
    ("toml", "TOML"),
    ("ts", "TypeScript"),
    ("tsx", "TypeScript"),
    ("txt", "Text"),
    ("v", "Verilog"),
    ("vue", "Vue"),
    ("wgsl", "WGSL"),
    ("xml", "XML"),
    ("yaml", "YAML"),
    ("yml", "YAML"),
    ("zig", "Zig"),
    ("zsh", "Shell"),
];

/// Number of the language of a path, for [`name`]; `None` for endings that say none.
pub(super) fn of(path: &str) -> Option<u16> {
    let file = path.rsplit(['/', '\\']).next()?;
    let file = file.to_ascii_lowercase();
    // `.bashrc` and `.env` end in no language
    let ending = match file.rsplit_once('.') {
        Some(("", _)) => return None,
        Some((_, ending)) => ending,
        None => WHOLE.into_iter().find(|known| *known == file)?,
    };
    let at = ENDINGS.binary_search_by(|(known, _)| (*known).cmp(ending));
    // one number for all endings of a language
    let name = ENDINGS[at.ok()?].1;
    let first = ENDINGS.iter().position(|(_, known)| *known == name)?;
    Some(first as u16)
}

pub(super) fn name(number: u16) -> &'static str {
    ENDINGS[usize::from(number)].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_in_order() {
        assert!(ENDINGS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn languages_of_paths() {
        let told = |path: &str| of(path).map(name);
        assert_eq!(told("src/a.rs"), Some("Rust"));
        assert_eq!(told("C:\\w\\App.TSX"), Some("TypeScript"));
        assert_eq!(told("Makefile"), Some("Make"));
        assert_eq!(of("a.ts"), of("b.tsx"), "one language, one number");
        for none in ["", "a/.env", ".bashrc", "LICENSE", "a.b/c", "x.unknown"] {
            assert_eq!(told(none), None, "{none}");
        }
    }
}
