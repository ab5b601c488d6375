import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

/// The fuzzer's cases with a seeded generator, where libFuzzer is not there or not wanted: `make fuzz` runs the same ones
/// with it. `PMM_FUZZ_INPUTS` and `PMM_FUZZ_SEED` give other numbers.
@Suite struct FuzzTests {
    static let inputs = Int(number("PMM_FUZZ_INPUTS") ?? 4000)
    static let seed = number("PMM_FUZZ_SEED") ?? 1

    static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func noBytesOfAClientBreakTheServer() throws {
        var generator = FuzzGenerator(seed: Self.seed, seeds: FuzzSeeds.requests, words: FuzzGenerator.requestWords)
        var statuses: [Int: Int] = [:]
        for number in 0..<Self.inputs {
            let input = generator.next()
            do {
                for response in try RequestFuzzCase.run(input).responses { statuses[response.status, default: 0] += 1 }
            } catch {
                Issue.record(
                    "input \(number) of seed \(Self.seed): \(error): \(String(decoding: input, as: UTF8.self))"
                )
            }
        }
        print("fuzzed requests: \(Self.inputs) inputs, answers \(statuses.sorted { $0.key < $1.key })")
        // A generator that only makes rubbish would prove little.
        for status in [200, 400, 404, 405, 503] { #expect(statuses[status] ?? 0 > Self.inputs / 400, "\(status)") }
    }

    @Test func noBytesInTheStateMakeAnythingReady() throws {
        var generator = FuzzGenerator(seed: Self.seed, seeds: FuzzSeeds.states, words: FuzzGenerator.stateWords)
        var good = 0
        for number in 0..<Self.inputs {
            let input = generator.next()
            do {
                if try StateFuzzCase.run(input) { good += 1 }
            } catch {
                Issue.record(
                    "input \(number) of seed \(Self.seed): \(error): \(String(decoding: input, as: UTF8.self))"
                )
            }
        }
        print("fuzzed state: \(Self.inputs) inputs, \(good) could be decoded")
        #expect(good > Self.inputs / 20 && good < Self.inputs * 19 / 20)
    }

    /// Each number of each section in turn, and all at once: a time of 300,000 years once ended the server.
    @Test func noNumberInTheStateBreaksTheServer() throws {
        let times = ["3155760000000", "-3155760000000", "3155760000001", "300000000000000"]
        for number in times + ["\(Int64.max)", "\(Int64.min)", "4294967296", "-1", "0", "1e400"] {
            for seed in FuzzSeeds.states {
                let text = String(decoding: seed.dropFirst(), as: UTF8.self)
                for edited in Self.replacingNumbers(of: text, by: number) {
                    try StateFuzzCase.run([seed[0]] + Array(edited.utf8))
                }
            }
        }
    }

    /// Each number that is a value, and all of them.
    private static func replacingNumbers(of text: String, by number: String) -> [String] {
        let value = /(?<prefix>[:\[,])-?[0-9]+(?=[,\]}])/
        let matches = text.matches(of: value)
        let singles = matches.map { match in
            text[..<match.range.lowerBound] + "\(match.prefix)\(number)" + text[match.range.upperBound...]
        }
        return singles.map { String($0) } + [text.replacing(value) { "\($0.prefix)\(number)" }]
    }

    /// The seeds themselves are what they seem: a violation would be found from the first input on.
    @Test func theSeedsAreGood() throws {
        for seed in FuzzSeeds.requests { try RequestFuzzCase.run(seed) }
        for seed in FuzzSeeds.states { #expect(try StateFuzzCase.run(seed)) }
    }
}

extension ServerTests {
    @Suite struct FuzzedSocketTests {
        /// The same inputs through the kernel, in whatever pieces it makes of them.
        @Test func noBytesOnASocketBreakTheServer() throws {
            let test = try TestServer(rules: FuzzWorld.rules, clock: { FuzzWorld.now })
            test.server.take(FuzzWorld.view)
            try test.server.waitForTurn()
            var generator = FuzzGenerator(
                seed: FuzzTests.seed &+ 1,
                seeds: FuzzSeeds.requests,
                words: FuzzGenerator.requestWords
            )
            var answers = 0
            let count = max(300, FuzzTests.inputs / 10)
            for number in 0..<count {
                let sent = Array(generator.next().dropFirst())
                let connection = try test.connect()
                var bytes: [UInt8] = []
                do {
                    try connection.send(bytes: sent)
                    connection.finishWriting()
                    bytes = try connection.untilClosed()
                } catch TestSupportError.socketFailed {
                    // Cut off while it was still sending.
                    bytes = try connection.untilClosed()
                }
                do {
                    let found = try FuzzedAnswers(bytes)
                    try found.check(against: sent)
                    answers += found.responses.count
                } catch {
                    Issue.record("input \(number): \(error): \(String(decoding: sent, as: UTF8.self))")
                }
            }
            #expect(try test.client.get("/liveness").status == 200)
            try test.wait { $0.connections == 0 && $0.waiters == 0 }
            print("fuzzed sockets: \(count) connections, \(answers) answers")
            #expect(answers > count / 3)
        }
    }
}
