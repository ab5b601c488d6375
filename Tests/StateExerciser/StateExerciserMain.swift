internal import Glibc
internal import Shared
internal import TestSupport

/// Uses the state file in a process of its own; see `usage`.
@main
struct StateExerciserMain {
    static let usage = """
        state-exerciser write DIRECTORY     commits patterns until it is killed, prints "ready" after the first
        state-exerciser once DIRECTORY      makes a writer, commits once, prints "written" or the error
        state-exerciser fill DIRECTORY      fills the disk, commits, makes room, commits; prints each result
        state-exerciser grow DIRECTORY      commits little, too much for the disk, little again; prints each result
        state-exerciser hold DIRECTORY N    takes lock number N, prints "held", waits for the end of its input
        state-exerciser prepare STATE_DIR   prints the state directory or the error
        state-exerciser released-pages      resident pages of files, before and after the start's memory is given back
        state-exerciser hold-requests DIRECTORY PORT N CLIENTS
                                            N commits that each answer CLIENTS long-polls of the health server on PORT

        state-exerciser measure-state DIRECTORY PAIRS ROUNDS
        state-exerciser measure-contracts ROUNDS FILE...
                                            what commits, reads and contracts cost; lines "what nanoseconds"
        state-exerciser commits DIRECTORY PAIRS N, reads DIRECTORY PAIRS N
                                            N commits, or N commits and reads, for counting instructions

        Attacks; each prints what it did and leaves with 1 if something did not hold:
        state-exerciser kill-commits DIRECTORY       SIGKILL before each store of a commit (debug builds)
        state-exerciser kill-replacements DIRECTORY  SIGKILL at each step of a replacement (debug builds)
        state-exerciser stop DIRECTORY               SIGSTOP half way through both (debug builds)
        state-exerciser interrupt-reads DIRECTORY    commits between the looks of a reader (debug builds)
        state-exerciser kill-random DIRECTORY N      N SIGKILLs at random moments
        state-exerciser step DIRECTORY N             N commits checked after each instruction
        state-exerciser descriptors DIRECTORY        no free descriptor; prints each result
        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch (arguments.first, arguments.count) {
            case ("write", 2): try write(StateDirectory(resolved: arguments[1]))
            case ("once", 2): try once(StateDirectory(resolved: arguments[1]))
            case ("fill", 2): try fill(StateDirectory(resolved: arguments[1]))
            case ("grow", 2): try grow(StateDirectory(resolved: arguments[1]))
            case ("hold", 3): try hold(StateDirectory(resolved: arguments[1]), arguments[2])
            case ("released-pages", 1): exit(try ReleasedPages.run())
            case ("search", 2): say(StateSearch(setting: arguments[1]).obstacle ?? "none")
            case ("hold-requests", 5):
                try HeldRequests.run(
                    StateDirectory(resolved: arguments[1]),
                    port: UInt16(arguments[2]) ?? 0,
                    commits: Int(arguments[3]) ?? 1,
                    clients: Int(arguments[4]) ?? 1
                )
            case ("measure-state", 4):
                let (pairs, rounds) = (Int(arguments[2]) ?? 1, Int(arguments[3]) ?? 1)
                try Measurements.state(StateDirectory(resolved: arguments[1]), pairs: pairs, rounds: rounds)
            case ("measure-contracts", 3...):
                try Measurements.contracts(Array(arguments[2...]), rounds: Int(arguments[1]) ?? 1)
            case ("commits", 4), ("reads", 4):
                let (pairs, count) = (Int(arguments[2]) ?? 1, Int(arguments[3]) ?? 1)
                let directory = try StateDirectory(resolved: arguments[1])
                try Measurements.count(directory, pairs: pairs, commits: count, isRead: arguments[0] == "reads")
            case ("prepare", 2): say(try StateDirectory.prepare(setting: arguments[1]).path)
            default: exit(try attack(arguments))
            }
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    /// - Returns: The exit code.
    static func attack(_ arguments: [String]) throws -> Int32 {
        guard arguments.count >= 2 else {
            say(usage)
            return 64
        }
        let directory = try StateDirectory(resolved: arguments[1])
        switch (arguments[0], arguments.count) {
        case ("kill-random", 3): return try RandomKills.run(directory, count: Int(arguments[2]) ?? 1)
        case ("step", 3): return try SingleSteps.run(directory, commits: Int(arguments[2]) ?? 1)
        case ("descriptors", 2): return try NoDescriptors.run(directory)
        #if DEBUG
        case ("kill-commits", 2): return try KillPoints.commits(directory)
        case ("kill-replacements", 2): return try KillPoints.replacements(directory)
        case ("stop", 2): return try KillPoints.stops(directory)
        case ("interrupt-reads", 2): return try InterruptedReads.run(directory)
        #endif
        default:
            say(usage)
            return 64
        }
    }

    static func write(_ directory: StateDirectory) throws(StateError) {
        let writer = try StateWriter<PublicationState>(directory: directory, run: "run-1", waitingUpTo: .seconds(5))
        var number = writer.previousContent().flatMap(StatePattern.number(of:)) ?? 0
        var isFirst = true
        while true {
            number += 1
            try writer.commit(StatePattern.publication(number))
            if isFirst { say("ready") }
            isFirst = false
        }
    }

    static func once(_ directory: StateDirectory) throws(StateError) {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        say("written")
    }

    static func fill(_ directory: StateDirectory) throws(StateError) {
        let filler = directory.path + "/filler"
        let descriptor = creat(filler, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while Glibc.write(descriptor, block, block.count) > 0 {}
        close(descriptor)
        let writer = try StateWriter<PublicationState>(directory: directory)
        say("start: " + word(writer.lastError))
        try? writer.commit(StatePattern.publication(7))
        say("full: " + word(writer.lastError))
        unlink(filler)
        writer.retryIfNeeded()
        say("room: " + word(writer.lastError))
        sayWhatIsRead(directory)
    }

    static func grow(_ directory: StateDirectory) throws(StateError) {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try? writer.commit(StatePattern.publication(1))
        say("small: " + word(writer.lastError))
        try? writer.commit(StatePattern.publication(5, pairs: 2000))
        say("large: " + word(writer.lastError))
        sayWhatIsRead(directory)
        try? writer.commit(StatePattern.publication(2))
        say("small again: " + word(writer.lastError))
        sayWhatIsRead(directory)
    }

    static func sayWhatIsRead(_ directory: StateDirectory) {
        if case .content(let state, _) = StateReader(directory: directory).read(PublicationState.self) {
            say("read: \(StatePattern.number(of: state) ?? -1)")
        }
    }

    static func hold(_ directory: StateDirectory, _ number: String) throws(StateError) {
        guard let index = Int(number), let name = LockName(rawValue: index) else { exit(64) }
        let lock = try StateLocks.acquire(name, in: directory, run: "run-of-holder")
        say("held")
        while getchar() != EOF {}
        withExtendedLifetime(lock) {}
    }

    static func word(_ error: StateError?) -> String {
        switch error {
        case nil: "well"
        case .full: "full"
        case .notWritable: "not writable"
        case .some(let other): "\(other)"
        }
    }

    static func say(_ line: String) {
        try? writeAll(1, line + "\n", subject: "stdout")
    }
}
