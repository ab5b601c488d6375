internal import FoundationEssentials
internal import Glibc
internal import Shared
internal import TestSupport

/// What the state file and the contracts cost, for Tests/Benchmarks: lines "what nanoseconds" on standard output, one per
/// repetition.
enum Measurements {
    /// Commits of `pairs` contracts in turn with reads of them, and looks that find nothing new.
    static func state(_ directory: StateDirectory, pairs: Int, rounds: Int) throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let contents = [1, 2].map { StatePattern.publication($0, pairs: pairs) }
        // The file grows and the first pages are touched; that is no commit as all the others are.
        for content in contents { try writer.commit(content) }
        _ = reader.read(PublicationState.self)
        for round in 0..<rounds {
            try time("commit") { try writer.commit(contents[round % 2]) }
            var isRead = false
            time("read") { if case .content = reader.read(PublicationState.self) { isRead = true } }
            guard isRead else { throw TestSupportError.malformedResponse("a commit that was not read") }
            let looks = 1000
            let word = reader.changeWord()
            let began = MonotonicTime.now()
            for _ in 0..<looks where reader.changeWord() != word {
                throw TestSupportError.malformedResponse("a change")
            }
            say("unchanged", (MonotonicTime.now() - began).nanoseconds / Int64(looks))
        }
    }

    /// Reading, validating and hashing each file, `rounds` times.
    static func contracts(_ paths: [String], rounds: Int) throws {
        let files = try paths.map {
            (key: String($0.split(separator: "/").last ?? ""), bytes: Array(try Data(contentsOf: URL(filePath: $0))))
        }
        for _ in 0..<rounds {
            var documents: [JSONValue] = []
            try time("parse") { documents = try files.map { try JSONReader.parse($0.bytes) } }
            try time("validate") { for file in files { _ = try Contract.parse(key: file.key, bytes: file.bytes) } }
            time("sha256") { for file in files { _ = ContentHash.sha256Hex(file.bytes) } }
            time("pact content sha") { for document in documents { _ = PactContentSHA.of(document) } }
        }
    }

    /// As many commits, or reads of as many commits, and nothing else: to count instructions.
    static func count(_ directory: StateDirectory, pairs: Int, commits: Int, isRead: Bool) throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let contents = [1, 2].map { StatePattern.publication($0, pairs: pairs) }
        for content in contents { try writer.commit(content) }
        for number in 0..<commits {
            try writer.commit(contents[number % 2])
            if isRead { _ = reader.read(PublicationState.self) }
        }
    }

    private static func time(_ what: String, _ body: () throws -> Void) rethrows {
        let began = MonotonicTime.now()
        try body()
        say(what, (MonotonicTime.now() - began).nanoseconds)
    }

    private static func say(_ what: String, _ nanoseconds: Int64) { StateExerciserMain.say("\(what) \(nanoseconds)") }
}
