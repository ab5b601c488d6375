import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("What several ConfigMaps say together")
struct SourceAssemblyTests {
    private let forbidden = ConfigMapState.Problem(code: "forbidden", detail: "the API forbids it")

    private func assembly(standsIn: Bool = true) -> SourceAssembly {
        SourceAssembly(timing: WatchTiming(), standsInForAbsent: standsIn, start: at(0))
    }

    /// One that has not answered.
    private func open(
        _ name: String = "a",
        problem: ConfigMapState.Problem? = nil,
        since: MonotonicTime = at(0),
        wasDelivered: Bool = false
    ) -> ConfigMapWatch {
        var previous = ConfigMapState(namespace: "pact", name: name)
        previous.wasDelivered = wasDelivered
        var watch = ConfigMapWatch(
            namespace: "pact",
            name: name,
            previous: previous,
            explanation: .sample(names: [name]),
            timing: WatchTiming(),
            now: at(0)
        )
        watch.state.problem = problem
        watch.state.problemSince = problem.map { _ in since }
        return watch
    }

    private func there(_ name: String = "a", problem: ConfigMapState.Problem? = nil, since: MonotonicTime = at(0))
        -> ConfigMapWatch
    {
        var watch = open(name, problem: problem, since: since)
        _ = watch.deliver(.sample(name))
        return watch
    }

    private func absent(_ name: String = "a", wasThere: Bool = false) -> ConfigMapWatch {
        var watch = wasThere ? there(name) : open(name)
        _ = watch.deliver(nil)
        return watch
    }

    @Test("In the first 2 s nothing is said while one has not answered; then the directory stands in")
    func start() {
        let watches = [open()]
        #expect(assembly().decide(watches, now: at(0)) == .asBefore)
        #expect(assembly().deadline(watches, now: at(0)) == at(2000))
        #expect(assembly().decide(watches, now: at(1999)) == .asBefore)
        let reason = "the Kubernetes API https://10.0.0.1:443 has not said yet what ConfigMap pact/a holds"
        #expect(assembly().decide(watches, now: at(2000)) == .directory(code: "no answer", reason: reason))
        #expect(assembly().decide([there(), open("b")], now: at(1999)) == .asBefore)
        #expect(assembly().decide([there(), open("b")], now: at(2000)) == .content(lost: nil))
    }

    @Test("One that cannot be asked: the directory at once, with the reason")
    func directoryAtOnce() {
        let decision = SourceAssembly.Decision.directory(code: "forbidden", reason: "the API forbids it")
        #expect(assembly().decide([open(problem: forbidden)], now: at(1)) == decision)
        #expect(assembly().decide([open(problem: forbidden)], now: at(600_000)) == decision)
        let mixed = [absent("a"), open("b", problem: forbidden)]
        #expect(assembly().decide(mixed, now: at(1)) == decision, "none was there, one cannot be asked")
        #expect(assembly(standsIn: false).decide(mixed, now: at(1)) == decision, "whatever CONTRACT_SOURCE says")
        let silent = [open("a", problem: forbidden), open("b")]
        #expect(assembly().decide(silent, now: at(1)) == .asBefore, "the second may still answer")
        #expect(assembly().decide(silent, now: at(2000)) == decision)
    }

    @Test("A first answer beside one that is refused does not take the directory's contracts away within the first 2 s")
    func partialAnswer() {
        let watches = [there("a"), open("b", problem: forbidden)]
        #expect(assembly().decide(watches, now: at(1999)) == .asBefore)
        #expect(assembly().decide(watches, now: at(2000)) == .content(lost: nil))
    }

    @Test("All absent: with auto the directory stands in, else they are missing, named, with what to do")
    func allAbsent() {
        for (watches, text) in [
            ([absent("a")], "ConfigMap pact/a does not exist; create it or correct CONFIGMAP_NAME and NAMESPACE"),
            (
                [absent("a"), absent("b")],
                "ConfigMaps pact/a, pact/b do not exist; create them or correct CONFIGMAP_NAME and NAMESPACE"
            ),
        ] {
            #expect(assembly().decide(watches, now: at(1)) == .directory(code: "not found", reason: text))
            #expect(assembly(standsIn: false).decide(watches, now: at(1)) == .missing(reason: text))
            #expect(assembly().deadline(watches, now: at(1)) == nil)
        }
    }

    @Test(
        "What is there counts; one that was deleted is empty, one never there or forbidden is not waited for"
    )
    func content() {
        #expect(assembly().decide([there()], now: at(0)) == .content(lost: nil))
        #expect(assembly().decide([absent(wasThere: true)], now: at(0)) == .content(lost: nil))
        let all = [there("a"), absent("b", wasThere: true), absent("c"), open("d", problem: forbidden)]
        #expect(assembly().decide(all, now: at(2000)) == .content(lost: nil))
        #expect(
            assembly().decide(all, now: at(3_600_000)) == .content(lost: nil),
            "the one that is forbidden is a warning"
        )
        #expect(assembly().decide([absent("a", wasThere: true), absent("b")], now: at(0)) == .content(lost: nil))
    }

    @Test("One that was there and cannot be followed for 30 s makes the whole lost; again followed, it is well")
    func lost() {
        let watches = [there("a"), there("b", problem: forbidden, since: at(10_000))]
        #expect(assembly().decide(watches, now: at(39_999)) == .content(lost: nil))
        #expect(assembly().deadline(watches, now: at(10_000)) == at(40_000))
        #expect(assembly().decide(watches, now: at(40_000)) == .content(lost: "the API forbids it"))
        #expect(assembly().deadline(watches, now: at(40_000)) == nil)
        #expect(assembly().decide([there("a"), there("b")], now: at(40_001)) == .content(lost: nil))
        var deleted = absent("a", wasThere: true)
        deleted.state.problem = forbidden
        deleted.state.problemSince = at(0)
        #expect(assembly().decide([deleted], now: at(30_000)) == .content(lost: "the API forbids it"))
    }

    @Test("A restarted watcher never uses the directory, and drops nothing of the one that has not answered yet")
    func restarted() {
        for problem in [nil, forbidden] {
            for other in [nil, there("b"), absent("b"), open("b", problem: forbidden)] {
                let watches = [open("a", problem: problem, wasDelivered: true)] + [other].compactMap { $0 }
                for time in [0, 1999, 2000, 29_999] as [Int64] {
                    #expect(assembly().decide(watches, now: at(time)) == .asBefore)
                }
                let late = assembly().decide(watches, now: at(30_000))
                guard case .lost(let reason) = late else {
                    Issue.record("\(late)")
                    continue
                }
                #expect(problem == nil ? reason.contains("has not said yet") : reason == "the API forbids it")
                #expect(assembly().deadline(watches, now: at(2000)) == at(30_000), "it decides anew without an event")
            }
        }
        var back = open("a", wasDelivered: true)
        _ = back.deliver(.sample("a"))
        #expect(assembly().decide([back, there("b")], now: at(30_000)) == .content(lost: nil))
        var gone = open("a", wasDelivered: true)
        _ = gone.deliver(nil)
        #expect(
            assembly().decide([gone], now: at(0)) == .content(lost: nil),
            "it was deleted meanwhile: empty, not missing"
        )
    }

    @Test("The directory that stands in for several is given up for all at once, or after 30 s")
    func givenUpAtOnce() {
        let watches = [there(), open("b", problem: forbidden)]
        let stays = SourceAssembly.Decision.directory(code: "forbidden", reason: "the API forbids it")
        let assembly = assembly()
        #expect(assembly.decide(watches, standInSince: at(10_000), now: at(39_999)) == stays)
        #expect(assembly.deadline(watches, standInSince: at(10_000), now: at(39_999)) == at(40_000))
        #expect(assembly.decide(watches, standInSince: at(10_000), now: at(40_000)) == .content(lost: nil))
        #expect(
            assembly.decide([there(), there("b")], standInSince: at(10_000), now: at(10_001)) == .content(lost: nil)
        )
        #expect(
            assembly.decide([there(), absent("b")], standInSince: at(10_000), now: at(10_001)) == .content(lost: nil)
        )
        #expect(assembly.decide(watches, now: at(10_001)) == .content(lost: nil), "nothing stands in")
    }

    @Test("No decision changes by time alone without a deadline that tells of it")
    func deadlines() {
        let kinds: [ConfigMapWatch] = [
            open(), open(problem: forbidden, since: at(700)), open(wasDelivered: true),
            open(problem: forbidden, since: at(700), wasDelivered: true), there(),
            there(problem: forbidden, since: at(5500)), absent(), absent(wasThere: true),
        ]
        for first in kinds {
            for second in kinds {
                for standsIn in [true, false] {
                    let assembly = assembly(standsIn: standsIn)
                    let watches = [first, second]
                    var now = at(0)
                    var decision = assembly.decide(watches, now: now)
                    while now < at(100_000) {
                        let deadline = assembly.deadline(watches, now: now)
                        let next = now + .milliseconds(100)
                        let other = assembly.decide(watches, now: next)
                        #expect(
                            other == decision || deadline.map { $0 <= next } == true,
                            "\(first.state) \(second.state)"
                        )
                        decision = other
                        now = next
                    }
                }
            }
        }
    }
}
