import Shared

/// What one run of the gate is to do; checked.
struct GateSettings: Equatable, Sendable {
    /// Who is asked.
    enum Source: Equatable, Sendable {
        /// The manager's health server: a long-poll, which answers when the contract is there.
        case manager(BaseURL)
        /// The broker itself: asked again and again.
        case broker(BaseURL)

        var url: BaseURL {
            switch self {
            case .manager(let url), .broker(let url): url
            }
        }
    }

    /// What happens when the time is up.
    enum TimeoutPolicy: String, CaseIterable, Sendable {
        /// The command runs without its contract, and is told so.
        case start
        /// Exit code 75.
        case fail
    }

    var source: Source
    /// Each once, in the order given; at least one.
    var providers: [String]
    /// One consumer's contract with each provider, instead of all of them.
    var consumer: String?
    /// How long it waits in all. With `check`: how long the one question may take.
    var timeout: Duration
    var onTimeout: TimeoutPolicy
    /// Ask once and say by exit code.
    var check: Bool
    /// For the messages; what is executed are the arguments' own bytes.
    var command: [String]
}

extension GateSettings {
    static let defaultManagerURL = "http://pact-mocks-manager:8081"
    /// So many questions are open at once.
    static let maximumProviders = 64
    static let maximumTimeout: Duration = .seconds(86_400)

    /// One sentence for people: what is wrong, and what to write instead.
    struct Problem: Error, Equatable, CustomStringConvertible {
        var description: String

        init(_ text: String) { description = text }
    }

    /// The values of the command line's options, as they were given.
    struct Options {
        var providers: [String] = []
        var consumer: String?
        var manager: String?
        var broker: String?
        var timeout: String?
        var onTimeout = TimeoutPolicy.start
        var check = false
        var command: [String] = []
    }

    /// - Throws: The first thing that is wrong.
    init(_ options: Options, environment: ProcessEnvironment) throws(Problem) {
        providers = []
        for name in options.providers where !providers.contains(name) { providers.append(name) }
        guard !providers.isEmpty else { throw Problem("name at least one provider: --provider NAME") }
        guard providers.count <= GateSettings.maximumProviders else {
            throw Problem(
                "at most \(GateSettings.maximumProviders) providers can be waited for, not \(providers.count)"
            )
        }
        for name in providers + (options.consumer.map { [$0] } ?? []) {
            // `.` and `..` cannot be asked for: no encoding of them survives every client and proxy.
            let isBlank = name.allSatisfy(\.isWhitespace)
            guard !isBlank, name != ".", name != ".." else { throw Problem("'\(name)' is no participant's name") }
        }
        consumer = options.consumer
        source = try GateSettings.source(options, environment)
        let fallback: Duration = options.check ? .seconds(2) : .seconds(90)
        timeout = try options.timeout.map(GateSettings.duration) ?? fallback
        onTimeout = options.onTimeout
        check = options.check
        command = options.command
        if check, !command.isEmpty {
            throw Problem("--check runs no command: leave out one of the two")
        }
    }

    private static func duration(_ text: String) throws(Problem) -> Duration {
        guard let duration = DurationText.read(text, atMost: maximumTimeout), duration > .zero else {
            throw Problem("--timeout '\(text)' is no time: 90s, 1500ms, 2m or plain seconds, more than 0, at most 24 h")
        }
        return duration
    }

    private static func source(_ options: Options, _ environment: ProcessEnvironment) throws(Problem) -> Source {
        if let broker = options.broker {
            guard options.manager == nil else { throw Problem("give --manager or --broker, not both") }
            return .broker(try url(broker, of: "--broker"))
        }
        if let manager = options.manager { return .manager(try url(manager, of: "--manager")) }
        if let manager = environment["MANAGER_URL"], !manager.isEmpty {
            return .manager(try url(manager, of: "MANAGER_URL"))
        }
        return .manager(try url(defaultManagerURL, of: "--manager"))
    }

    private static func url(_ text: String, of origin: String) throws(Problem) -> BaseURL {
        guard let url = BaseURL(text) else {
            // Without the value: it may hold a password.
            throw Problem("\(origin) is no URL such as http://name:8081, without query and fragment")
        }
        guard url.scheme == "http" else {
            throw Problem(
                "\(origin) \(url): https is not built into this program, which is one static file without a TLS "
                    + "library. Ask the manager instead, which speaks https to the broker (--manager \(defaultManagerURL)), or "
                    + "give the http:// address of a proxy that ends TLS"
            )
        }
        return url
    }
}
