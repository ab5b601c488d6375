import Shared
import Testing

@testable import Watcher

@Suite("The bytes of a real API server")
struct WatchEventTests {
    private func event(_ text: String) throws -> WatchEvent { try WatchEvent(line: utf8(text)) }

    private func summary(_ event: WatchEvent) -> String {
        switch event {
        case .added(let object): "ADDED \(object.resourceVersion)"
        case .modified(let object): "MODIFIED \(object.resourceVersion)"
        case .deleted(let object): "DELETED \(object.resourceVersion)"
        case .bookmark(let version, let isEnd): "BOOKMARK \(version)\(isEnd ? " end" : "")"
        case .error(let status): "ERROR \(status.code) \(status.reason)"
        case .other: "other"
        }
    }

    private func events(_ name: String) throws -> [WatchEvent] {
        try KubernetesTranscript(name).watchLines.map { try WatchEvent(line: utf8($0)) }
    }

    @Test("A recorded life: changed, labelled, deleted, created again, bookmarks")
    func life() throws {
        let events = try events("03-watch-added-modified-deleted.txt")
        #expect(
            events.map(summary) == [
                "MODIFIED 257", "MODIFIED 258", "DELETED 260", "ADDED 262", "BOOKMARK 262", "BOOKMARK 262",
            ]
        )
        guard case .deleted(let deleted) = events[2], case .added(let created) = events[3] else {
            Issue.record("no deletion")
            return
        }
        #expect(deleted.name == "pact-contracts")
        #expect(deleted.uid != created.uid)
        #expect(!deleted.values.isEmpty, "the last content")
        #expect(created.values.allSatisfy { if case .bytes = $0.content { true } else { false } })
    }

    @Test("A recorded streaming list, and an expired version")
    func streamingList() throws {
        let events = try events("06-send-initial-events.txt").map(summary)
        #expect(events.prefix(2) == ["ADDED 262", "BOOKMARK 265 end"])
        let expired = try self.events("07b-410-after-restart.txt")
        #expect(Set(expired.map(summary)) == ["ERROR 410 Expired"])
        guard case .error(let status) = expired[0] else { return }
        #expect(status.isExpired)
        #expect(status.message == "too old resource version: 5 (240)")
    }

    @Test("A recorded watch leads the machine where the server was")
    func replay() throws {
        var driver = WatchDriver()
        driver.watch.state.name = "pact-contracts"
        driver.send(.time)
        driver.send(.opened)
        for event in try events("06-send-initial-events.txt").prefix(2) { driver.send(.event(event)) }
        #expect(driver.watch.object?.resourceVersion == "262")
        #expect(driver.watch.resumeVersion == "265")
        driver = WatchDriver.watching(bookmark: "256")
        driver.watch.state.name = "pact-contracts"
        var presence: [ConfigMapState.Presence] = []
        for event in try events("03-watch-added-modified-deleted.txt") where driver.send(.event(event)) == ["deliver"] {
            presence.append(driver.watch.state.presence)
        }
        #expect(presence == [.present, .present, .absent, .present])
        #expect(driver.watch.object?.resourceVersion == "262")
        #expect(driver.watch.resumeVersion == "262")
    }

    @Test("Recorded Status bodies")
    func statuses() throws {
        let refused = try KubernetesTranscript("08-401-403.txt").bodies.compactMap { KubernetesStatus(body: utf8($0)) }
        #expect(refused.map(\.code).filter { $0 == 401 }.count >= 4)
        #expect(refused.contains { $0.code == 403 && $0.reason == "Forbidden" && $0.message.contains("pact:nobody") })
        let future = try KubernetesTranscript("10-future-resource-version.txt").bodies
            .compactMap { KubernetesStatus(body: utf8($0)) }
        #expect(!future.isEmpty)
        #expect(future.allSatisfy { !$0.isExpired && $0.code == 504 })
        let gone = try KubernetesTranscript("07-410-expired-resource-version.txt").bodies
            .compactMap { KubernetesStatus(body: utf8($0)) }
        #expect(gone.contains { $0.isExpired && $0.code == 410 })
        #expect(KubernetesStatus(body: utf8("Too many requests, please try again later.\n")) == nil)
        #expect(KubernetesStatus(body: utf8(#"{"kind":"ConfigMap"}"#)) == nil)
        #expect(KubernetesStatus(body: []) == nil)
        #expect(KubernetesStatus(code: 0, reason: "Gone").isExpired)
    }

    @Test("A recorded ConfigMap with binary data, a BOM and none at all")
    func binary() throws {
        let objects = try KubernetesTranscript("13-binary-data.txt").bodies
            .compactMap { body in
                (try? JSONReader.parse(utf8(body))).flatMap(ConfigMapObject.init)
            }
        #expect(!objects.isEmpty)
        let values = objects.flatMap(\.values)
        #expect(!values.contains { if case .unusable = $0.content { true } else { false } })
        let gzip = values.contains {
            if case .bytes(let bytes) = $0.content { bytes.starts(with: [0x1F, 0x8B]) } else { false }
        }
        let bom = values.contains {
            if case .bytes(let bytes) = $0.content { bytes.starts(with: [0xEF, 0xBB, 0xBF]) } else { false }
        }
        #expect(gzip || bom)
    }

    @Test(
        "What is no event is refused with a sentence",
        arguments: [
            ("", "is not JSON"), ("{", "is not JSON"), ("[]", "has no type or no object"),
            ("{}", "has no type or no object"),
            (#"{"type":"ADDED"}"#, "has no type or no object"),
            (#"{"type":7,"object":{}}"#, "has no type or no object"),
            (#"{"type":"ADDED","object":null}"#, "has no type or no object"),
            (#"{"type":"ADDED","object":{}}"#, "holds no ConfigMap"),
            (#"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":""}}}"#, "holds no ConfigMap"),
            (
                #"{"type":"DELETED","object":{"kind":"Secret","metadata":{"name":"a","resourceVersion":"1"}}}"#,
                "ConfigMap"
            ),
            (#"{"type":"BOOKMARK","object":{"kind":"ConfigMap"}}"#, "has no resourceVersion"),
            (#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":""}}}"#, "has no resourceVersion"),
        ]
    )
    func refused(_ text: String, _ reason: String) {
        do throws(WatchEventError) {
            let event = try WatchEvent(line: utf8(text))
            Issue.record("\(event)")
        } catch {
            #expect(error.reason.contains(reason))
        }
    }

    @Test("A metadata-only object and a kind of event that does not exist yet")
    func others() throws {
        #expect(try event(#"{"type":"SOMETHING","object":{"x":1}}"#) == .other)
        let partial = try KubernetesTranscript("04-watch-without-rv.txt").lines
            .filter { $0.contains("PartialObjectMetadata") }
        for line in partial { #expect(throws: WatchEventError.self) { try event(line) } }
        #expect(try event(#"{"type":"ERROR","object":{}}"#) == .error(KubernetesStatus()))
    }

    @Test("Any bytes: an event or a sentence, never an end of the process")
    func fuzz() throws {
        let recorded = try KubernetesTranscript.names.flatMap { try KubernetesTranscript($0).watchLines.map(utf8) }
        var random = JitterSource(seed: 20_261_126)
        func below(_ bound: Int) -> Int { Int(random.next() * Double(bound)) }
        var events = 0
        var refusals = 0
        for _ in 0..<1500 {
            var line = recorded[below(recorded.count)]
            for _ in 0...below(4) {
                let position = below(line.count)
                switch below(4) {
                case 0: line[position] = UInt8(below(256))
                case 1: line.remove(at: position)
                case 2: line.insert(contentsOf: [UInt8](repeating: UInt8(below(256)), count: below(8)), at: position)
                default: line.removeSubrange(position...min(line.count - 1, position + below(40)))
                }
                if line.isEmpty { line = [0] }
            }
            do throws(WatchEventError) {
                _ = try WatchEvent(line: line)
                events += 1
            } catch {
                refusals += 1
                #expect(!error.reason.isEmpty && error.reason.utf8.count <= 1024)
            }
        }
        #expect(events > 20 && refusals > 200, "\(events) events, \(refusals) refusals")
    }
}
