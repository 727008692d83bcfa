fn main() -> std::process::ExitCode {
    codedash::cli::main()
}
