import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// The real executable.
    @Suite struct HealthServerProcessTests {
        private let limit: Duration = .seconds(20)
        private let directory: TemporaryDirectory

        init() throws { directory = try TemporaryDirectory() }

        private func start(_ environment: [String]) throws -> TestChildProcess {
            let base = [
                "STATE_DIR=\(directory.path)/state", "HEALTH_HOST=127.0.0.1", "LOG_FORMAT=text",
            ]
            return try TestChildProcess(try BuiltProducts.path("health-server"), environment: base + environment)
        }

        /// The port from the line that says that it answers.
        private func port(_ process: TestChildProcess) throws -> UInt16 {
            while let line = try process.readLine(within: limit) {
                guard line.contains("the health server answers"), let field = line.split(separator: "port=").last else {
                    continue
                }
                return try #require(UInt16(field))
            }
            throw TestSupportError.childFailed(path: process.path, waitingFor: "its port", output: "")
        }

        @Test func itAnswersAloneAndStopsAtOnceWhileSomebodyWaits() throws {
            let process = try start(["HEALTH_PORT=0"])
            let port = try port(process)
            let client = try TestHTTPClient("http://127.0.0.1:\(port)")
            #expect(try TestJSON(client.get("/liveness").body)["supervised"]?.bool == false)
            let waiting = TestConnection(
                try TestSocket(host: "127.0.0.1", port: port, deadline: TestServer.deadline)
            )
            try waiting.get("/providers/P/ready?wait=300s")
            // Answered on another connection afterwards, so the first one is held by now.
            while try TestJSON(client.get("/status").body)["waiters"]?.int != 1 {}
            let began = MonotonicTime.now()
            process.signal(SIGTERM)
            #expect(try waiting.response().status == 503)
            let (exit, _) = try process.wait(within: limit)
            #expect(exit == .code(0))
            #expect(MonotonicTime.now() - began < .seconds(10), "and not when the 300 s are over")
        }

        @Test func noLibraryForRequestsOrLanguagesIsLoaded() throws {
            let process = try start(["HEALTH_PORT=0"])
            _ = try port(process)
            let descriptor = try FileDescriptor(opening: "/proc/\(process.processID)/maps", flags: O_RDONLY)
            let maps = String(
                decoding: try readAll(descriptor, limit: 4 << 20, subject: "maps") ?? [],
                as: UTF8.self
            )
            #expect(maps.contains("health-server"))
            for library in ["libcurl", "libicu", "lib_FoundationICU", "libFoundation.so"] {
                #expect(!maps.contains(library), "\(library)")
            }
            process.signal(SIGTERM)
            #expect(try process.wait(within: limit).exit == .code(0))
        }
    }
}
