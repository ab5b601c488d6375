import Shared
import Synchronization
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// Every endpoint in every situation, over real sockets: status, all headers, keys and types of the body.
    @Suite struct EndpointTableTests {
        private static let allowedHeaders: Set<String> = [
            "content-type", "content-length", "cache-control", "retry-after",
        ]

        @Test(arguments: Settings.ReadinessMode.allCases)
        func everyEndpointInEverySituation(_ mode: Settings.ReadinessMode) throws {
            let test = try TestServer(rules: Situations.rules(mode), clock: { Situations.now })
            let connection = try test.connect()
            var answers = 0
            for row in ProbeTable.rows {
                test.server.take(Self.view(row))
                // Else the loop may see the request first.
                try test.server.waitForTurn()
                for endpoint in EndpointCase.all {
                    let place: Comment = "\(row.name), mode \(mode), \(endpoint)"
                    let status = endpoint.status(row, mode)
                    let expected = try #require(EndpointTable.answer(endpoint.endpoint, status), place)
                    try connection.get(endpoint.target)
                    let get = try connection.response()
                    try Self.check(get, expected, place)
                    if expected.shape != nil, let reason = endpoint.reason(row, mode) {
                        #expect(try TestJSON(get.body)["reason"]?.string == reason, place)
                    }
                    try connection.send("HEAD \(endpoint.target) HTTP/1.1\r\nHost: test\r\n\r\n")
                    let head = try connection.response(isHead: true)
                    #expect(head.status == status && head.body.isEmpty, place)
                    #expect(head.headers.map { "\($0)" } == get.headers.map { "\($0)" }, place)
                    answers += 2
                }
            }
            print(
                "endpoint table, mode \(mode): \(ProbeTable.rows.count) situations x \(EndpointCase.all.count) targets "
                    + "x GET and HEAD = \(answers) answers"
            )
            #expect(answers == ProbeTable.rows.count * EndpointCase.all.count * 2)
        }

        /// Over the wire `stopping` is what the manager says; our own SIGTERM closes the connection too.
        private static func view(_ row: ProbeRow) -> StateView {
            var sections = row.sections
            if row.isStopping { sections.processes?.stopping = true }
            return StateView(snapshot: FuzzWorld.snapshot(sections), problem: row.problem, tick: row.tick)
        }

        private static func check(_ get: TestHTTPResponse, _ expected: EndpointAnswer, _ place: Comment) throws {
            #expect(get.status == expected.status, place)
            #expect(get.header("Content-Type") == expected.contentType, place)
            #expect(get.header("Content-Length") == String(get.body.count), place)
            #expect(get.header("Cache-Control") == "no-store", place)
            let seconds = get.header("Retry-After").map { Int($0) ?? 0 }
            #expect((seconds != nil) == expected.hasRetryAfter, place)
            if let seconds { #expect((1...5).contains(seconds), place) }
            let names = get.headers.map { $0.name.lowercased() }
            // Browsers get a page there.
            let isNegotiated = ["/status", "/status.json", "/"].contains(expected.endpoint)
            #expect((get.header("Vary") == "Accept") == isNegotiated, place)
            #expect(
                Set(names).subtracting(isNegotiated ? ["vary"] : []).isSubset(of: allowedHeaders)
                    && Set(names).count == names.count,
                place
            )
            if let shape = expected.shape {
                let mismatch = shape.mismatch(get.body)
                #expect(mismatch == nil, "\(place): \(get.text)")
            } else {
                let last = expected.text.split(separator: "`").last.map(String.init) ?? ""
                let lines = get.text.split(separator: "\n").map(String.init)
                #expect(lines.last == last, "\(place): \(get.text)")
                #expect(lines.dropLast().allSatisfy { $0.hasPrefix("[+]") || $0.hasPrefix("[-]") }, place)
                if last.contains("check") {
                    #expect(lines.contains { $0.hasPrefix("[-]") } == (expected.status == 503), place)
                }
            }
        }

        /// Whatever is asked for, there is one answer to any other method.
        @Test(arguments: [
            "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "SUBSCRIBE",
        ])
        func noOtherMethodIsAnsweredAnywhere(_ method: String) throws {
            let test = try TestServer(Situations.allPublished)
            let expected = try #require(EndpointTable.answer("another method", 405))
            var answers = 0
            for target in EndpointCase.all.map(\.target) {
                let response = try test.exchange("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(response.status == 405, "\(method) \(target)")
                #expect(response.header("Allow") == "GET, HEAD")
                #expect(response.header("Content-Type") == expected.contentType)
                #expect(response.header("Cache-Control") == "no-store")
                #expect(expected.shape?.mismatch(response.body) == nil, "\(response.text)")
                answers += 1
            }
            print("\(method): \(answers) answers with 405")
        }

        /// Name as it is in the contract, and ways to ask for it.
        @Test(arguments: [
            ("a/b", ["a%2Fb", "a%2fb", "A%2FB"]), ("A B", ["A%20B", "a%20b"]), ("A+B", ["A+B", "a%2bb"]),
            ("Bücher", ["B%C3%BCcher", "b%c3%9ccher"]), ("日本 語", ["%E6%97%A5%E6%9C%AC%20%E8%AA%9E"]),
            ("100%", ["100%25"]), ("😀", ["%F0%9F%98%80"]), ("..", ["..", "%2e%2e", "%2E."]), ("a?b#c", ["a%3Fb%23c"]),
            ("ready", ["ready", "READY", "%72eady"]), ("\"<&>'", ["%22%3C%26%3E%27", "%22<%26>'"]),
        ])
        func namesAreFoundHoweverTheyAreWritten(_ name: String, _ spellings: [String]) throws {
            let sections = Situations.sections(
                [Situations.desired(name, consumer: name)],
                [Situations.published(name, consumer: name)]
            )
            let test = try TestServer(sections)
            for spelling in spellings {
                let query = spelling.split(separator: "+").joined(separator: "%2B")
                for target in [
                    "/providers/\(spelling)/ready", "/providers/\(spelling)/ready?consumer=\(query)",
                    "/startup?provider=\(query)&consumer=\(query)",
                ] {
                    let response = try test.exchange("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
                    #expect(response.status == 200, "\(target): \(response.text)")
                    let body = try TestJSON(response.body)
                    #expect((body["provider"] ?? body["providers"]?[0]?["provider"])?.string == name, "\(target)")
                }
            }
        }
    }
}

/// docs/endpoints.md is where people read what is answered: it must say what the tests prove.
@Suite struct EndpointPageTests {
    @Test func thePageHasEachRowOfTheTable() throws {
        let page = try RepositoryFile.text("docs/endpoints.md")
        for answer in EndpointTable.answers {
            #expect(page.contains(answer.row), "docs/endpoints.md lacks: \(answer.row)")
        }
    }

    /// First words of a row of the page's table of situations, and the row of ``ProbeTable`` that it tells of.
    private static let situations = [
        ("stopping", "1 our own SIGTERM"), ("state not readable or not written yet", "2 nothing written"),
        ("contracts not read yet", "3 unread"), ("directory, or every ConfigMap, missing", "4 missing"),
        ("no news of the broker", "6 last check too old"), ("broker not ready", "7 refused"),
        ("source there and empty", "8 empty"), ("a contract pending", "9 pending beside published"),
        ("new revision not accepted yet", "10 older revision verified"), ("refused (", "11 refused beside published"),
        ("somebody else's later version", "12 superseded"), ("invalid files besides", "13 invalid files besides"),
        ("all published", "14 all published"),
    ]

    @Test(arguments: situations)
    func thePagesSituationsAreAnsweredSo(_ beginning: String, _ name: String) throws {
        let line = try #require(
            RepositoryFile.text("docs/endpoints.md").split(separator: "\n").first { $0.hasPrefix("| \(beginning)") }
        )
        let row = try #require(ProbeTable.rows.first { $0.name == name })
        let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
        try #require(cells.count == 5)
        #expect(cells[1].hasPrefix(String(row.liveness)))
        let readiness = try #require(row.readiness[.settled])
        for (cell, expected) in [(cells[2], readiness), (cells[3], row.provider), (cells[4], row.ready)] {
            let status = expected == .unknown ? 404 : expected.status
            // "by the valid ones" and the like say it in words.
            if cell.first?.isNumber == true { #expect(cell.hasPrefix(String(status)), "\(cell)") }
            let words = cell.split { !$0.isLetter && $0 != "_" }
            if let reason = expected.reason, let word = words.first, !reason.hasPrefix("broker_") {
                #expect(reason.hasPrefix(word) || word == "long", "\(cell), but \(reason)")
            }
        }
    }
}
