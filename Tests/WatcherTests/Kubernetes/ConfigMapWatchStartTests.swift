import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("A watch of a ConfigMap: how it comes to know the state")
struct ConfigMapWatchStartTests {
    private let gone = statusJSON(404, "NotFound")
    private let unknown = statusJSON(422, "Invalid", "sendInitialEvents: Forbidden")

    @Test("Streaming list: nothing is delivered before the bookmark that ends the initial state")
    func streamingList() {
        var driver = WatchDriver()
        #expect(driver.send(.time) == ["watch initial"])
        #expect(driver.send(.opened) == [])
        #expect(driver.send(.event(.added(.sample()))) == [])
        #expect(driver.send(.event(.bookmark(resourceVersion: "12", isInitialEnd: false))) == [])
        #expect(!driver.watch.isAnswered)
        #expect(driver.watch.state.connection == .synchronizing)
        #expect(driver.send(.event(.bookmark(resourceVersion: "20", isInitialEnd: true))) == ["deliver"])
        #expect(driver.text == "old")
        #expect(driver.watch.state.presence == .present)
        #expect(driver.watch.state.wasDelivered)
        #expect(driver.watch.state.connection == .watching)
        #expect(driver.watch.resumeVersion == "20")
    }

    @Test("The end bookmark without an object: there is none, and that is an answer")
    func absent() {
        var driver = WatchDriver()
        driver.send(.time)
        driver.send(.opened)
        #expect(driver.send(.event(.bookmark(resourceVersion: "20", isInitialEnd: true))) == ["deliver"])
        #expect(driver.watch.isAnswered)
        #expect(driver.watch.object == nil)
        #expect(driver.watch.state.presence == .absent)
        #expect(!driver.watch.state.wasDelivered)
        #expect(driver.send(.event(.added(.sample(version: "21")))) == ["deliver"])
        #expect(driver.watch.state.presence == .present)
    }

    @Test("What changes before the initial state is complete counts as its end says")
    func changesWhileSynchronizing() {
        var driver = WatchDriver()
        driver.send(.time)
        driver.send(.opened)
        driver.send(.event(.added(.sample())))
        driver.send(.event(.modified(.sample(version: "11", data: "new"))))
        driver.send(.event(.bookmark(resourceVersion: "11", isInitialEnd: true)))
        #expect(driver.text == "new")
        var other = WatchDriver()
        other.send(.time)
        other.send(.opened)
        other.send(.event(.added(.sample())))
        other.send(.event(.deleted(.sample(version: "11"))))
        other.send(.event(.bookmark(resourceVersion: "11", isInitialEnd: true)))
        #expect(other.watch.isAnswered)
        #expect(other.watch.object == nil)
    }

    @Test("422 to sendInitialEvents: LIST, then watch from its version, for good")
    func listAndWatch() {
        var driver = WatchDriver()
        driver.send(.time)
        #expect(driver.answer(422, unknown) == ["cancel", "list"])
        #expect(driver.watch.deadline == nil, "the LIST has a time-out of its own")
        let found = driver.list(200, listJSON(version: "30", configMapJSON("other"), configMapJSON()))
        #expect(found == ["deliver", "watch 30"])
        #expect(driver.text == "old")
        driver.send(.opened)
        #expect(driver.isWatching)
        driver.now = driver.now + .seconds(60)
        driver.send(.event(.error(KubernetesStatus(code: 410, reason: "Expired"))))
        #expect(driver.watch.phase == .listing, "streaming is not tried again on this server")
        let empty = driver.list(200, listJSON(version: "50"))
        #expect(empty == ["deliver", "watch 50"])
        #expect(driver.watch.object == nil)
    }

    @Test("LIST 403: watch and GET, for which two verbs are enough")
    func getAndWatch() {
        var driver = WatchDriver()
        driver.send(.time)
        _ = driver.answer(422, unknown)
        #expect(driver.list(403, statusJSON(403, "Forbidden")) == ["cancel", "watch present"])
        #expect(driver.watch.state.mode == .getAndWatch)
        #expect(driver.send(.opened) == ["get"])
        #expect(driver.send(.event(.added(.sample()))) == ["deliver"])
        #expect(driver.watch.resumeVersion == nil, "synthetic events come in no order of versions")
        #expect(driver.get(200, configMapJSON()) == [])
        #expect(driver.isWatching)
        #expect(driver.send(.event(.bookmark(resourceVersion: "15", isInitialEnd: false))) == [])
        #expect(driver.watch.resumeVersion == "15")
    }

    @Test(
        "Without LIST: 404 says that there is none; what is created then is there, its version not yet to resume from"
    )
    func getAndWatchAbsent() {
        var driver = WatchDriver()
        driver.send(.time)
        _ = driver.answer(422, unknown)
        _ = driver.list(403, statusJSON(403, "Forbidden"))
        driver.send(.opened)
        #expect(driver.get(404, "404 page not found") != ["deliver"], "a proxy's page says nothing")
        driver.passToDeadline()
        driver.send(.opened)
        #expect(driver.get(404, gone) == [])
        #expect(driver.pass(.milliseconds(1999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["deliver"])
        #expect(driver.watch.state.presence == .absent)
        #expect(driver.send(.event(.added(.sample()))) == ["deliver"])
        #expect(driver.watch.resumeVersion == nil)
        driver.now = driver.now + .seconds(10)
        #expect(driver.send(.ended(.clean)) == ["cancel", "watch present"])
        driver.send(.opened)
        driver.send(.event(.added(.sample())))
        #expect(driver.send(.event(.modified(.sample(version: "11", data: "new")))) == ["deliver"])
        #expect(driver.watch.resumeVersion == "11", "a change comes in the order of versions")
        driver.now = driver.now + .seconds(10)
        #expect(driver.send(.ended(.clean)) == ["cancel", "watch 11"])
    }

    @Test(
        "Without LIST: a GET that is ahead of the watch does not take away what the watch is about to tell"
    )
    func earlyFirstGet() {
        var driver = WatchDriver()
        driver.watch.state.mode = .getAndWatch
        driver.send(.time)
        driver.send(.opened)
        #expect(driver.get(404, gone) == [])
        driver.now = driver.now + .seconds(1)
        #expect(driver.send(.event(.added(.sample()))) == ["deliver"])
        #expect(driver.send(.event(.deleted(.sample(version: "11")))) == ["deliver"])
        #expect(driver.watch.object == nil)
        #expect(driver.pass(.seconds(10)) == [])
    }

    @Test("Without LIST: the first GET that comes after the event says nothing any more")
    func lateFirstGet() {
        var driver = WatchDriver()
        driver.send(.time)
        _ = driver.answer(422, unknown)
        _ = driver.list(403, statusJSON(403, "Forbidden"))
        driver.send(.opened)
        driver.send(.event(.added(.sample(version: "11"))))
        #expect(driver.get(404, gone) == [])
        #expect(driver.pass(.seconds(3)) == [])
        #expect(driver.isWatching)
        #expect(driver.text == "old")
    }

    @Test("Without LIST: a GET that fails and a watch that says nothing begin anew after a wait")
    func getAndWatchFailures() {
        var driver = WatchDriver()
        driver.watch.state.mode = .getAndWatch
        driver.send(.time)
        driver.send(.opened)
        #expect(driver.get(500, "") == ["cancel"])
        #expect(driver.wait == .milliseconds(600))
        driver.passToDeadline()
        driver.send(.opened)
        #expect(driver.get(200, configMapJSON()) == [])
        #expect(driver.pass(.seconds(5)) == ["cancel"])
        #expect(driver.wait == .milliseconds(1200))
        driver.passToDeadline()
        driver.send(.opened)
        #expect(driver.send(.got(.failure(TransportError(.timeout, "slow")))) == ["cancel"])
        #expect(driver.watch.state.problem?.code == "timeout")
    }

    @Test("A server that ignores sendInitialEvents: with an object LIST and watch for good, without one only this once")
    func ignoresInitialEvents() {
        var driver = WatchDriver()
        driver.send(.time)
        driver.send(.opened)
        driver.send(.event(.added(.sample())))
        #expect(driver.pass(.milliseconds(4999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["cancel", "list"])
        _ = driver.list(200, listJSON(version: "30", configMapJSON()))
        #expect(driver.watch.state.mode == .listAndWatch)
        var other = WatchDriver()
        other.send(.time)
        other.send(.opened)
        #expect(other.pass(.seconds(5)) == ["cancel", "list"])
        #expect(other.list(200, listJSON(version: "30")) == ["deliver", "watch 30"])
        #expect(other.watch.state.mode == .streamingList)
        other.send(.opened)
        other.now = other.now + .seconds(60)
        let anew = other.send(.event(.error(KubernetesStatus(code: 410, reason: "Expired"))))
        #expect(anew == ["cancel", "watch initial"])
    }

    @Test("An initial state that is kept from ending, by changes or empty lines, is given 20 s in all")
    func endlessInitialState() {
        var driver = WatchDriver()
        driver.send(.time)
        driver.send(.opened)
        var actions: [String] = []
        var version = 10
        while actions.isEmpty, driver.now < at(60_000) {
            driver.now = driver.now + .seconds(4)
            version += 1
            actions = driver.send(.event(.modified(.sample(version: "\(version)"))))
        }
        #expect(actions == ["cancel", "list"])
        #expect(driver.now == at(20_000))
    }

    @Test("LIST: another failure waits, and what is no list is no answer")
    func listFailures() {
        for (answer, code) in [
            (Result<HTTPResponse, TransportError>.success(.sample(500)), "HTTP 500"),
            (.success(.sample(200, "<html>")), "unreadable"),
            (.success(.sample(200, "{}")), "unreadable"),
            (.failure(TransportError(.refused, "nobody")), "refused"),
        ] {
            var driver = WatchDriver()
            driver.send(.time)
            _ = driver.answer(422, unknown)
            #expect(driver.send(.listed(answer)) == ["cancel"])
            #expect(driver.wait == .milliseconds(600))
            #expect(driver.watch.state.problem?.code == code)
            #expect(!driver.watch.isAnswered)
        }
    }

    @Test("The server is asked for 240 to 480 s, differently each time")
    func timeoutSeconds() {
        var driver = WatchDriver()
        var seen: Set<Int> = []
        for step in 0..<1000 {
            driver = WatchDriver()
            for action in driver.watch.handle(.time, now: driver.now, random: Double(step) / 1000) {
                if case .watch(let request) = action { seen.insert(request.timeoutSeconds) }
            }
        }
        #expect(seen == Set(240...480))
    }
}
