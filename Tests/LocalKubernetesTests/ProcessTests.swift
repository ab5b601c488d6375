import Glibc
import Shared
import TestSupport
import Testing

/// The executable itself.
@Suite("local-kubernetes as a process", .timeLimit(.minutes(1)))
struct ProcessTests {
    @Test("listens on a free port, answers, and stops with exit code 0 on SIGTERM")
    func startsAndStops() throws {
        let server = try LocalKubernetesProcess()
        #expect(try server.put(configMap: "a", data: ["k": "v"]) == "2")
        #expect(try server.administrator.get("/api/v1/namespaces/pact/configmaps/a").status == 200)
        #expect(server.stop() == .code(0))
        #expect(throws: TestSupportError.connectionRefused("127.0.0.1:\(server.port)")) {
            try server.administrator.get("/_watches")
        }
    }

    @Test("listens on ::1 too")
    func listensOnIPv6() throws {
        let server: LocalKubernetesProcess
        do {
            server = try LocalKubernetesProcess(host: "::1")
        } catch {
            print("skipped: nothing can listen on ::1 here: \(error)")
            return
        }
        #expect(server.url.hasPrefix("http://[::1]:"))
        #expect(try server.administrator.get("/_watches").status == 200)
    }

    @Test("what was written outlives a SIGKILL in its file, the history does not")
    func comesBack() throws {
        let directory = try TemporaryDirectory()
        let arguments = ["--state", "\(directory.path)/state"]
        let first = try LocalKubernetesProcess(arguments: arguments)
        let version = try first.put(configMap: "a", data: ["k": "v"])
        let path = "/api/v1/namespaces/pact/configmaps"
        let before = try first.administrator.get("\(path)/a").text
        first.kill()
        let second = try LocalKubernetesProcess(arguments: arguments, port: first.port)
        #expect(try second.administrator.get("\(path)/a").text == before)
        // The object's own version, and yet too old for the cache of a server that has just started.
        let watch = try second.administrator.get("\(path)?watch=1&resourceVersion=\(version)&timeoutSeconds=1")
        #expect(watch.status == 200)
        #expect(watch.text.contains(#""message":"too old resource version: 2 (9)","reason":"Expired","code":410"#))
    }

    @Test("a taken port is named, and the exit code is 71")
    func portTaken() throws {
        let first = try LocalKubernetesProcess()
        let path = try BuiltProducts.path("local-kubernetes")
        let second = try TestChildProcess(path, ["--port", String(first.port)])
        let end = try second.wait(within: .seconds(10))
        #expect(end.exit == .code(71))
        #expect(end.output.contains("port \(first.port) on 127.0.0.1 is taken"))
    }

    @Test(
        "wrong usage is exit code 64",
        arguments: [[], ["--port", "0", "--history", "0"], ["--port", "0", "--access", "{}"]]
    )
    func usage(_ arguments: [String]) throws {
        let child = try TestChildProcess(try BuiltProducts.path("local-kubernetes"), arguments)
        #expect(try child.wait(within: .seconds(10)).exit == .code(64))
    }

    @Test("a paused server answers nothing, and goes on where it was")
    func pauses() throws {
        let server = try LocalKubernetesProcess()
        server.pause()
        var client = server.administrator
        client.timeout = .milliseconds(200)
        #expect(throws: TestSupportError.timedOut(waitingFor: "bytes", received: 0)) { try client.get("/_watches") }
        server.resume()
        #expect(try server.administrator.get("/_watches").status == 200)
    }
}
