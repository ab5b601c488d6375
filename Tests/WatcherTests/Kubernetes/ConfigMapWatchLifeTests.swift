import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("A watch of a ConfigMap: events, and how it takes up again")
struct ConfigMapWatchLifeTests {
    private let expired = ConfigMapWatch.Input.event(.error(KubernetesStatus(code: 410, reason: "Expired")))
    private let cut = ConfigMapWatch.Input.ended(.failed(TransportError(.disconnected, "cut")))

    @Test("A clean end: the same version again at once, without a LIST")
    func cleanEnd() {
        var driver = WatchDriver.watching()
        #expect(driver.send(.ended(.clean)) == ["cancel", "watch 20"])
        #expect(driver.watch.state.restarts == ["ended": 1])
        #expect(driver.watch.state.problem == nil)
        driver.send(.opened)
        #expect(driver.isWatching)
    }

    @Test("It resumes from the last bookmark or event, whichever came later")
    func resumes() {
        var driver = WatchDriver.watching()
        driver.send(.event(.modified(.sample(version: "25", data: "new"))))
        #expect(driver.text == "new")
        driver.now = driver.now + .seconds(3)
        #expect(driver.send(.ended(.clean)) == ["cancel", "watch 25"])
        driver.send(.opened)
        driver.send(.event(.bookmark(resourceVersion: "40", isInitialEnd: false)))
        driver.now = driver.now + .seconds(3)
        #expect(driver.send(cut) == ["cancel", "watch 40 new"])
        driver.send(.opened)
        driver.send(.event(.deleted(.sample(version: "41"))))
        #expect(driver.watch.object == nil)
        driver.now = driver.now + .seconds(3)
        #expect(driver.send(cut) == ["cancel", "watch 41 new"])
        #expect(driver.watch.state.restarts == ["ended": 1, "dropped": 2])
    }

    @Test("A watch that ends or breaks as soon as it is open waits, longer each time")
    func shortLived() {
        for end in [ConfigMapWatch.Input.ended(.clean), cut] {
            var driver = WatchDriver.watching(for: .milliseconds(500))
            for wait in [600, 1200, 2400, 4800, 9600, 19200, 22500, 22500] {
                #expect(driver.send(end) == ["cancel"])
                #expect(driver.wait == .milliseconds(wait))
                #expect(driver.passToDeadline().first?.hasPrefix("watch 20") == true)
                driver.send(.opened)
                driver.now = driver.now + .milliseconds(500)
            }
            #expect(driver.watch.state.problem == nil, "it is open")
            driver.now = driver.now + .seconds(2)
            #expect(driver.send(end) != ["cancel"], "this one was good: at once")
            #expect(driver.watch.failures == 0)
        }
    }

    @Test("A server that ends each watch after a line is asked again after a short wait, not as fast as it answers")
    func endsAfterEachLine() {
        var driver = WatchDriver.watching()
        driver.send(.ended(.clean))
        var requests = 0
        let end = driver.now + .seconds(60)
        while driver.now < end {
            driver.send(.opened)
            driver.now = driver.now + .milliseconds(1)
            driver.send(.event(.bookmark(resourceVersion: "\(30 + requests)", isInitialEnd: false)))
            if driver.send(.ended(.clean)) == ["cancel"] { driver.passToDeadline() }
            requests += 1
        }
        #expect((75...150).contains(requests))
    }

    @Test("410: the state anew, at once; the second within 30 s waits; later ones do not")
    func expiry() {
        var driver = WatchDriver.watching()
        #expect(driver.send(expired) == ["cancel", "watch initial"])
        driver.send(.opened)
        driver.now = driver.now + .seconds(1)
        #expect(driver.send(expired) == ["cancel"])
        #expect(driver.wait == .milliseconds(600))
        #expect(driver.watch.state.problem?.code == "expired")
        driver.now = driver.now + .seconds(31)
        #expect(driver.send(.time) == ["watch initial new"])
        #expect(driver.answer(410, statusJSON(410, "Expired")) == ["cancel", "watch initial new"])
        #expect(driver.watch.state.restarts == ["expired": 3])
        #expect(driver.text == "old", "the last good one stays")
    }

    @Test("A storm of 410: at most 60 requests in 10 minutes")
    func expiryStorm() {
        for latency in [1, 50, 500] {
            var driver = WatchDriver.watching()
            var random = JitterSource(seed: UInt64(latency))
            var requests = 0
            var actions = driver.send(expired)
            let end = driver.now + .seconds(600)
            while driver.now < end {
                driver.random = random.next()
                if actions.contains(where: { $0.hasPrefix("watch") }) {
                    requests += 1
                    driver.now = driver.now + .milliseconds(Int64(latency))
                    driver.send(.opened)
                    driver.send(.event(.bookmark(resourceVersion: "9", isInitialEnd: true)))
                    actions = driver.send(expired)
                } else {
                    actions = driver.passToDeadline()
                }
            }
            #expect((10...60).contains(requests), "\(requests) requests at \(latency) ms")
        }
    }

    @Test("Any other ERROR event: the state anew after a wait; only what says it is something else keeps the version")
    func errors() {
        for (code, version) in [(500, nil), (400, nil), (504, nil), (429, "20"), (503, "20"), (403, "20")]
            as [(Int, String?)]
        {
            var driver = WatchDriver.watching(for: .seconds(1))
            #expect(driver.send(.event(.error(KubernetesStatus(code: code, message: "m")))) == ["cancel"])
            #expect(driver.wait == .milliseconds(600))
            #expect(driver.watch.resumeVersion == version)
            #expect(driver.watch.state.problem?.code == "error \(code)")
            #expect(driver.watch.state.restarts == ["error": 1])
        }
        var driver = WatchDriver.watching(for: .seconds(1))
        let tooLarge = KubernetesStatus(code: 504, reason: "Timeout")
        driver.send(.event(.error(tooLarge)))
        #expect(driver.passToDeadline() == ["watch initial new"])
    }

    @Test("A line that is no event: the state anew after a wait, for the same line would come again")
    func unreadable() {
        var driver = WatchDriver.watching(for: .seconds(1))
        #expect(driver.send(.unreadable("not JSON")) == ["cancel"])
        #expect(driver.watch.state.problem == .init(code: "unreadable", detail: "not JSON"))
        #expect(driver.passToDeadline() == ["watch initial new"])
    }

    @Test("A late DELETED does not take away what was created since; its own does")
    func lateDeletion() {
        var driver = WatchDriver.watching()
        driver.send(.event(.added(.sample(version: "30", uid: "u2", data: "second"))))
        #expect(driver.send(.event(.deleted(.sample(version: "31", uid: "u1")))) == [])
        #expect(driver.text == "second")
        #expect(driver.send(.event(.deleted(.sample(version: "32", uid: "u2")))) == ["deliver"])
        #expect(driver.watch.object == nil)
        #expect(driver.watch.state.presence == .absent)
        #expect(driver.watch.state.wasDelivered, "it was there once")
    }

    @Test("Events of another name and of unknown kinds change nothing; a finalizer's object counts until it is DELETED")
    func otherEvents() {
        var driver = WatchDriver.watching()
        #expect(driver.send(.event(.modified(.sample("other", version: "30", data: "x")))) == [])
        #expect(driver.send(.event(.deleted(.sample("other", version: "31")))) == [])
        #expect(driver.send(.event(.other)) == [])
        #expect(driver.text == "old")
        #expect(driver.watch.resumeVersion == "20")
        let deleting = #","deletionTimestamp":"2026-11-23T00:35:32Z""#
        #expect(driver.send(.event(.modified(.sample(version: "32", extra: deleting)))) == ["deliver"])
        #expect(driver.watch.object?.isBeingDeleted == true)
        #expect(driver.text == "old")
        #expect(driver.send(.event(.deleted(.sample(version: "33", extra: deleting)))) == ["deliver"])
        #expect(driver.watch.object == nil)
    }

    @Test("A watcher restarted in the same run knows that it was there, not what it was")
    func restarted() {
        let driver = WatchDriver(previous: WatchDriver.watching().watch.state)
        #expect(driver.watch.state.wasDelivered)
        #expect(!driver.watch.isAnswered)
        #expect(driver.watch.object == nil)
        #expect(driver.watch.state.presence == .unknown)
    }
}
