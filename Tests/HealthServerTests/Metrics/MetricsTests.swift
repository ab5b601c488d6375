import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

/// What `/metrics` says, read by a strict parser.
@Suite struct MetricsTests {
    private typealias S = Situations

    /// What the names, types and labels must be, whatever the code says.
    private static let contract = """
        build_info gauge version
        start_time_seconds gauge
        broker_up gauge
        broker_probes_total counter result
        broker_probe_duration_seconds histogram
        broker_last_success_timestamp_seconds gauge
        contracts gauge state
        provider_ready gauge provider
        contract_published_timestamp_seconds gauge consumer,provider
        publish_attempts_total counter result
        publish_duration_seconds histogram
        publish_queue_length gauge
        change_to_published_seconds histogram
        source_connected gauge source
        source_restarts_total counter reason
        source_last_activity_timestamp_seconds gauge
        reconcile_repairs_total counter kind
        waiters gauge
        wait_duration_seconds histogram result
        worker_up gauge worker
        worker_restarts_total counter worker,reason
        worker_resident_memory_bytes gauge worker
        log_lines_dropped_total counter worker
        http_requests_total counter route,code
        http_request_duration_seconds histogram route
        """

    static func page(_ situation: Situation, _ counters: RequestCounters = RequestCounters(), waiters: Int = 0)
        -> String
    {
        let isBlocked = ProviderReadiness.blocker(situation) != nil
        let live = LiveMetrics(
            situation: situation,
            counters: counters,
            waiters: waiters,
            wall: WallClock(milliseconds: 1_000_000_000)
        )
        let bytes = Document.metrics(isBlocked: isBlocked).encode(situation.view.snapshot)
        return String(decoding: bytes + live.encode(memory: [("publisher", 4096)]), as: UTF8.self)
    }

    static func parsed(_ situation: Situation, _ counters: RequestCounters = RequestCounters()) throws -> PrometheusText
    {
        try PrometheusText(page(situation, counters))
    }

    @Test(arguments: MetricSituation.all)
    func everyMetricIsThereInEverySituation(_ row: MetricSituation) throws {
        var counters = RequestCounters()
        counters.count(.provider, status: 503, took: .milliseconds(3))
        let text = Self.page(row.situation, counters)
        let page = try PrometheusText(text)
        let lines = Set(text.split(separator: "\n").map(String.init))
        for contract in Self.contract.split(separator: "\n") {
            let words = contract.split(separator: " ").map(String.init)
            let name = MetricFamily.prefix + words[0]
            let family = try #require(page[name], "\(name)")
            #expect(family.type == words[1], "\(name)")
            #expect(!family.help.isEmpty)
            let labels = words.count > 2 ? words[2].split(separator: ",").map(String.init) : []
            for sample in family.samples {
                #expect(sample.labels.map(\.name).filter { $0 != "le" } == labels, "\(sample.name)")
            }
            #expect(family.samples.isEmpty == row.empty.contains(words[0]), "\(name)")
        }
        #expect(page.families.count == Self.contract.split(separator: "\n").count)
        for sample in row.samples {
            #expect(lines.contains(MetricFamily.prefix + sample), "\(sample)")
        }
    }

    @Test func theCodesOwnTableIsThePagesOrderAside() throws {
        let page = try Self.parsed(S.situation(MetricSituation.running))
        #expect(Set(page.families.map(\.name)) == Set(MetricFamily.all.map(\.name)))
        for family in MetricFamily.all {
            #expect(page[family.name]?.help == family.help)
            // What the format would have to escape, and what would end a column in the documentation.
            #expect(!family.help.contains { "\\|\n".contains($0) })
        }
    }

    @Test func namesMayHoldWhateverTheyWant() throws {
        let names = [
            #"a "quoted" one"#, #"back\slash"#, "two\nlines", "carriage\r\nreturn", "Zahlung-Ü-€-支付-🦊", #"\n"#, #"\""#,
            "}",
            "é", "e\u{301}", " ", "{a=\"b\"} 1", String(repeating: "x", count: 5000),
        ]
        let sections = S.sections(
            names.map { S.desired($0, consumer: "c" + $0) },
            names.map { S.published($0, consumer: "c" + $0) }
        )
        let page = try Self.parsed(S.situation(sections))
        let ready = try #require(page["pact_mocks_manager_provider_ready"]).samples
        let byBytes = Set(ready.compactMap { $0["provider"].map { Array($0.utf8) } })
        #expect(byBytes == Set(names.map { Array($0.utf8) }))
        #expect(ready.allSatisfy { $0.value == 1 })
        let published = try #require(page["pact_mocks_manager_contract_published_timestamp_seconds"]).samples
        #expect(
            Set(published.compactMap { $0["consumer"].map { Array($0.utf8) } })
                == Set(names.map { Array("c\($0)".utf8) })
        )
    }

    @Test func noSecretAndNoAddressIsShown() {
        let sections = S.changed(MetricSituation.running) {
            $0.broker?.url = "http://broker.example:9292"
            $0.broker?.detail = "the broker's own words"
            $0.publication?.pairs[0].lastError = "the broker's own words"
        }
        let page = Self.page(S.situation(sections))
        #expect(!page.contains("broker.example") && !page.contains("own words"))
    }

    @Test func histogramsAreCumulativeAndKeepTheirSum() throws {
        var counters = RequestCounters()
        for microseconds in [10, 50, 51, 900_000, 5_000_000] {
            counters.count(.liveness, status: 200, took: .microseconds(microseconds))
        }
        counters.count(.liveness, status: 200, took: nil)
        counters.count(.timeout, held: .milliseconds(1500))
        let page = try Self.parsed(S.situation(StateSections()), counters)
        let name = "pact_mocks_manager_http_request_duration_seconds"
        func bucket(_ bound: String) -> Double? { page.value("\(name)_bucket", ["route": "/liveness", "le": bound]) }
        #expect(bucket("0.00005") == 2)
        #expect(bucket("0.0001") == 3)
        #expect(bucket("1") == 4)
        #expect(bucket("+Inf") == 5)
        #expect(page.value("\(name)_sum", ["route": "/liveness"]) == 5.900111)
        #expect(page.value("pact_mocks_manager_http_requests_total", ["route": "/liveness", "code": "200"]) == 6)
        #expect(page.value("pact_mocks_manager_wait_duration_seconds_sum", ["result": "timeout"]) == 1.5)
        #expect(page.value("pact_mocks_manager_wait_duration_seconds_count", ["result": "ready"]) == 0)
    }

    @Test(arguments: [
        (0, 6, "0"), (1, 6, "0.000001"), (1_500_000, 6, "1.5"), (1_000_000, 6, "1"), (-1500, 3, "-1.5"),
        (1_700_000_000_007, 3, "1700000000.007"), (120, 3, "0.12"),
    ])
    func numbersAreExact(_ value: Int, _ digits: Int, _ text: String) {
        #expect(ExpositionWriter.seconds(value, digits: digits) == text)
    }

    @Test func memoryIsOnlyThatOfTheManagersOwnChildren() {
        let stat = "12 (a) (b c) S 7 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 99 1000000 321 18446744073709551615"
        #expect(ResidentMemory.pages(stat, parent: 7) == 321)
        #expect(ResidentMemory.pages(stat, parent: 8) == nil)
        #expect(ResidentMemory.pages("nothing", parent: 7) == nil)
        var processes = S.processes()
        var worker = ProcessesState.Worker(name: "publisher")
        worker.pid = getpid()
        processes.workers = [worker]
        processes.manager.pid = getppid()
        let bytes = ResidentMemory.read(processes).first?.bytes ?? 0
        #expect(bytes > 1 << 20 && bytes % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
        processes.manager.pid = getppid() + 1
        #expect(ResidentMemory.read(processes).isEmpty)
    }

    @Test func fiveThousandContractsFitIntoALittleMoreThanTheirNames() throws {
        let names = (0..<5000).map { "provider-\($0)" }
        let sections = S.sections(names.map { S.desired($0) }, names.map { S.published($0) })
        let page = Self.page(S.situation(sections))
        #expect(page.utf8.count < 5000 * 250 + 32_768)
        #expect(try PrometheusText(page)["pact_mocks_manager_provider_ready"]?.samples.count == 5000)
    }
}
