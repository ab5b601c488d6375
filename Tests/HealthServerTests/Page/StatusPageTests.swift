import Shared
import Testing

@testable import HealthServer

/// What stands on the page, block by block.
@Suite struct StatusPageTests {
    private func read(_ sections: StateSections, waiting: [WaitingGroup] = []) throws -> MarkupReader {
        try MarkupReader(PageFixture.html(PageFixture.subject(sections, waiting: waiting)))
    }

    /// The text of one section: what stands between its heading and the next.
    private func block(_ heading: String, of html: String) throws -> String {
        let start = try #require(html.firstRange(of: ">\(heading)</h2>"))
        let rest = html[start.upperBound...]
        let end = rest.firstRange(of: "</section>")?.lowerBound ?? rest.endIndex
        return try MarkupReader("<!DOCTYPE html>" + rest[..<end]).text
    }

    private func fixture(_ heading: String) throws -> String {
        try block(heading, of: PageFixture.html(PageFixture.subject(PageFixture.sections())))
    }

    @Test func theVerdictIsInWordsWithItsReasonsAndSince() throws {
        let text = try read(PageFixture.sections()).text
        #expect(text.contains("Not ready"))
        #expect(text.contains("1 of 3 contracts is in the broker"))
        #expect(text.contains("broker-detail (broker_unauthorized)"))
        #expect(text.contains("since 2023-11-14 22:10:00 UTC 3 min ago"), "\(text.prefix(900))")
        let ready = try read(Situations.allPublished).text
        #expect(ready.contains("Ready All 2 contracts are in the broker."), "\(ready.prefix(400))")
        var down = Situations.allPublished
        down.broker?.status = .refused
        let unknown = try read(down).text
        #expect(
            unknown.contains("All 2 contracts are in the broker, as far as was known last"),
            "\(unknown.prefix(400))"
        )
        let empty = try read(StateSections()).text
        #expect(empty.contains("No contract can be relied on"))
        #expect(empty.contains("nothing has been written to the state in this run yet (starting)"))
    }

    @Test func warningsAndTheStateOfTheStateAreSaid() throws {
        var sections = Situations.allPublished
        sections.source?.warnings = ["a subPath mount"]
        let subject = PageFixture.subject(sections, problem: .notWritable("the disk is full"))
        let text = try MarkupReader(PageFixture.html(subject)).text
        #expect(text.contains("Ready, with warnings"))
        #expect(text.contains("a subPath mount (source_warning)"))
        #expect(text.contains("The shared state: the disk is full"))
    }

    @Test func contractsShowStateVersionTimesAttemptsReasonPathsAndFiles() throws {
        let html = PageFixture.html(PageFixture.subject(PageFixture.sections()))
        let text = try block("Contracts", of: html)
        for part in [
            "consumer → provider-refused", "failed", "conflict, HTTP 409", "broker-text", "differs at", "$.path",
            "last-error", "Note: oddity", "next 2023-11-14 22:13:50 UTC in 30 s", "file-4.json", "and 2 more",
            "consumer → provider-ok", "published", "main-abc123", "2024-01-01 00:00:00 UTC",
            "Secret-Manager-Controller → provider-open", "pending",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(!text.contains("file-5.json"))
        // Trouble first.
        let refused = try #require(text.firstRange(of: "provider-refused"))
        let good = try #require(text.firstRange(of: "provider-ok"))
        #expect(refused.lowerBound < good.lowerBound)
    }

    @Test func filesShowLineAndColumn() throws {
        let text = try fixture("Files")
        #expect(text.contains("Invalid: the first 1 of 3"))
        #expect(text.contains("invalid 12 34 why-invalid"), "\(text)")
        #expect(text.contains("Ignored on purpose: 1"))
        #expect(text.contains("ignored why-ignored"), "\(text)")
    }

    @Test func brokerAndSourceShowWhereEverythingGoesAndComesFrom() throws {
        let broker = try fixture("Broker")
        for part in [
            "http://broker.example:9292/base", "unauthorized", "2.116", "2023-11-14 22:13:18 UTC 2 s ago",
            "took 17 ms",
            "broker-detail", "publication-warning", "5", "Last success 2023-11-14 22:09:00 UTC",
        ] {
            #expect(broker.contains(part), "\(part) in \(broker)")
        }
        let source = try fixture("Source")
        for part in [
            "description", "origin", "present", "source-detail", "source-warning", "9 files, 4321 bytes", "pact/map",
            "waiting", "forbidden: map-problem", "22:12:50 UTC 30 s ago", "22:12:40 UTC 40 s ago",
            "2023-11-14 22:00:00 UTC 13 min ago", "rv", "3: dropped 2, ended 1",
        ] {
            #expect(source.contains(part), "\(part) in \(source)")
        }
    }

    @Test func processesShowRestartsLastExitAndMemory() throws {
        let text = try fixture("Processes")
        for part in [
            "publisher", "ready", "22:11:50 UTC 90 s ago", "3: signal 2, exit 1", "signal SIGKILL", "13.0 MiB", "4242",
            "helper", "restarting", "next start 2023-11-14 22:13:27 UTC in 7 s", "could not be started: spawn",
            "alive",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test func whoWaitsIsNamedWithWhatForSinceWhenAndFromWhere() throws {
        var groups: [WaitingGroup] = []
        let query = ProviderQuery(provider: "Orders", consumer: "Shop", revision: "abcdef1")
        for second in [5, 12, 3] {
            groups.add(query, since: Situations.now - .seconds(second), address: "10.0.0.\(second)")
        }
        groups.add(ProviderQuery(provider: "Stock"), since: Situations.now, address: nil)
        let html = PageFixture.html(PageFixture.subject(PageFixture.sections(), waiting: groups))
        let text = try block("Waiting", of: html)
        #expect(text.contains("Held requests for a provider: 4"))
        #expect(
            text.contains("Orders, consumer Shop, revision abcdef1 3 2023-11-14 22:13:08 UTC 12 s ago"),
            "\(text)"
        )
        #expect(text.contains("10.0.0.5 10.0.0.12 10.0.0.3"), "\(text)")
        #expect(text.contains("Stock 1"))
        #expect(text.contains("Streams of /events: 2"))
        #expect(try fixture("Waiting").contains("Nobody waits"))
    }

    @Test func eventsOfAllSectionsAreOneListByTime() throws {
        let text = try fixture("Last events")
        #expect(text.contains("The last 3, the newest first"))
        let order = ["worker died", "source event", "event field: value"].map { text.firstRange(of: $0)?.lowerBound }
        #expect(!order.contains(nil) && order.compactMap { $0 } == order.compactMap { $0 }.sorted(), "\(text)")
        #expect(text.contains("processes") && text.contains("publication"))
    }

    @Test func onlyTheNewestFiftyOfAllRingsAreShown() {
        var sections = PageFixture.sections()
        func events(_ name: String, _ seconds: Range<Int>) -> [StateEvent] {
            seconds.map {
                StateEvent(time: WallClock(milliseconds: Int64($0) * 1000).rfc3339, message: "\(name) \($0)")
            }
        }
        sections.processes?.events = events("p", 0..<50)
        sections.source?.events = events("s", 40..<90)
        sections.publication?.events = [StateEvent(time: "no date", message: "undated")]
        let merged = StatusPage.merged(sections)
        #expect(merged.count == 50)
        #expect(merged.first?.event.message == "s 89")
        #expect(merged.last?.event.message == "s 45" || merged.last?.event.message == "p 45")
        #expect(!merged.contains { $0.event.message == "undated" })
    }

    @Test func ofFiveThousandContractsTheRestIsCountedAndTheProblemsAreShown() throws {
        var pairs = (0..<5000).map { Situations.desired("Provider-\($0)") }
        pairs[4999].sha256 = nil
        pairs[4999].problem = "broken"
        let published = pairs.dropLast().map { Situations.published($0.provider) }
        let html = PageFixture.html(PageFixture.subject(Situations.sections(pairs, Array(published))))
        let text = try block("Contracts", of: html)
        #expect(text.contains("4500 more are not shown here; all are in status.json."))
        #expect(text.contains("Provider-4999") && text.contains("broken"))
        #expect(html.utf8.count < 1 << 20)
        let long = (0..<500).map { Situations.desired("P-\($0)", problem: String(repeating: "<", count: 5000)) }
        let bounded = PageFixture.html(PageFixture.subject(Situations.sections(long, [])))
        #expect(bounded.utf8.count < 2 << 20)
        #expect(try block("Contracts", of: bounded).contains("more are not shown here"))
    }

    @Test func agesAreWordedForPeople() {
        let rows: [(Int64, String)] = [
            (0, "now"), (999, "now"), (1000, "1 s ago"), (99_999, "99 s ago"), (100_000, "1 min ago"),
            (5_999_000, "99 min ago"), (6_000_000, "1 h ago"), (172_799_000, "47 h ago"), (172_800_000, "2 d ago"),
            (-30_000, "in 30 s"),
        ]
        for (age, words) in rows {
            let time = UTCTimestamp(milliseconds: PageFixture.clock.wall.milliseconds - age)
            #expect(PageFixture.clock.age(time) == words)
        }
    }
}

extension StringProtocol {
    /// The first place of a text.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
