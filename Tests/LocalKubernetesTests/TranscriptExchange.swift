import TestSupport

/// One recorded request of curl to a real API server with its answer, as the files in `Tests/Fixtures/kubernetes` show
/// it.
struct TranscriptExchange {
    var method = "GET"
    /// `nil` where the recording shows only the answer.
    var target: String?
    var isAdministrator = false
    /// Those of the recording's command line, without the token.
    var requestHeaders: [(name: String, value: String)] = []
    var requestBody: String?
    var status = 0
    /// `nil` if only the status was recorded.
    var headers: [(name: String, value: String)]?
    var isHTTP1 = false
    /// Without line feeds at the end.
    var body = ""

    /// Only some headers were recorded.
    var isHeadCut: Bool { !(headers?.contains { $0.name.lowercased() == "audit-id" } ?? false) }

    /// All exchanges of a file, in order.
    static func all(in file: String) throws -> [TranscriptExchange] {
        var parser = Parser()
        let text = try RepositoryFile.text("Tests/Fixtures/kubernetes/\(file).txt")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            parser.read(String(line.replacing(#/^\[\d\d:\d\d:\d\d\.\d{3}\] /#, with: "")))
        }
        parser.finish()
        return parser.exchanges
    }

    private struct Parser {
        var exchanges: [TranscriptExchange] = []
        private var request = TranscriptExchange()
        private var current: TranscriptExchange?
        private var isInHead = false

        mutating func read(_ line: String) {
            if line.hasPrefix("# ") || line.hasPrefix("--") {
                finish()
            } else if line.hasPrefix("$ curl") {
                finish()
                request = TranscriptExchange(command: line)
            } else if let match = line.wholeMatch(of: /HTTP\/(\S+) (\d{3}) ?.*/) {
                finish()
                var exchange = request
                request = TranscriptExchange()
                exchange.status = Int(match.2) ?? 0
                exchange.headers = []
                exchange.isHTTP1 = match.1 == "1.1"
                current = exchange
                isInHead = true
            } else if current != nil {
                readAnswer(line)
            } else if let match = line.wholeMatch(of: /(?:.*: )?HTTP (\d{3})/), request.target != nil {
                request.status = Int(match.1) ?? 0
                exchanges.append(request)
                request = TranscriptExchange()
            }
        }

        private mutating func readAnswer(_ line: String) {
            if isInHead, line.isEmpty {
                isInHead = false
            } else if isInHead, let match = line.wholeMatch(of: /([A-Za-z-]+): (.*)/) {
                current?.headers?.append((name: String(match.1), value: String(match.2)))
            } else if let end = line.firstRange(of: "(curl exit") {
                current?.body += line[..<end.lowerBound]
                finish()
            } else if !line.hasPrefix("HTTP ") {
                isInHead = false
                current?.body += line + "\n"
            }
        }

        mutating func finish() {
            guard var exchange = current else { return }
            while exchange.body.last == "\n" { exchange.body.removeLast() }
            exchanges.append(exchange)
            current = nil
        }
    }

    init() {}

    /// - Parameter line: The recorded command.
    private init(command line: String) {
        target = line.firstMatch(of: /'https:\/\/127\.0\.0\.1:\d+([^']*)'/).map { String($0.1) }
        isAdministrator = line.contains("(as admin)")
        if let match = line.firstMatch(of: #/ -X ([A-Z]+) /#) { method = String(match.1) }
        if let match = line.firstMatch(of: #/ -H (Accept): (.*)/#) {
            requestHeaders.append((name: String(match.1), value: String(match.2)))
        }
        if let match = line.firstMatch(of: #/ -H (Content-Type): (\S+)/#) {
            requestHeaders.append((name: String(match.1), value: String(match.2)))
        }
        if let match = line.firstMatch(of: #/ -d (\{.*?\}) ?(?:-o .*)?$/#) { requestBody = String(match.1) }
    }
}
