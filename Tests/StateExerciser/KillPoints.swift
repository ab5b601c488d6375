internal import Glibc
internal import Shared
internal import TestSupport

#if DEBUG
/// SIGKILL and SIGSTOP at chosen points of a commit or a replacement, by the hook of debug builds.
enum KillPoints {
    /// Ends or stops this process at the `number`th point from now.
    static func arm(_ signal: Int32, at number: Int) {
        nonisolated(unsafe) var left = number
        StateHook.action = {
            left -= 1
            if left == 0 { kill(getpid(), signal) }
        }
    }

    /// A child that commits `number` and gets `signal` at point `point` of that.
    private static func committer(_ number: Int, _ signal: Int32, at point: Int, in stage: AttackStage) -> pid_t {
        AttackStage.inChild {
            let writer = try StateWriter<BrokerState>(directory: stage.directory, waitingUpTo: .seconds(5))
            arm(signal, at: point)
            try writer.commit(StatePattern.broker(number))
            StateHook.action = nil
            writer.retryIfNeeded()
            if let error = writer.lastError { throw error }
        }
    }

    /// SIGKILL before every store and every wake of four commits of different lengths.
    static func commits(_ directory: StateDirectory) throws(StateError) -> Int32 {
        var stage = try AttackStage(directory)
        var points = 0
        var old = 0
        for base in 1...4 {
            for point in 1... {
                try stage.commit(base)
                let end = AttackStage.wait(committer(base + 1, SIGKILL, at: point, in: stage))
                let moment = "commit \(base + 1), point \(point)"
                if end == .code(0) { break }
                stage.expect(end == .signal(SIGKILL), "\(moment): the writer ended with \(end)")
                points += 1
                if stage.seen(moment) == base { old += 1 }
                stage.check([base, base + 1], moment)
                guard stage.violations.count < 20 else { break }
            }
        }
        stage.expect(points > 400, "only \(points) points were found")
        stage.expect(old > 0 && old < points, "\(old) of \(points) kills left the old content")
        return stage.report(
            "\(points) kill points in 4 commits: \(old) left the old content, \(points - old) the new, "
                + "\(stage.repaired) files needed the repair"
        )
    }

    /// Why a file is replaced.
    enum Reason: CaseIterable {
        /// The content does not fit.
        case growth
        /// Somebody wrote over the header.
        case damage
        /// Somebody removed the file.
        case absence
    }

    /// A child that owned the section with content `number - 1`, must replace the file for `number`, and gets
    /// `signal` at point `point` of that.
    private static func replacer(
        _ reason: Reason,
        _ number: Int,
        _ signal: Int32,
        at point: Int,
        in stage: AttackStage
    ) -> pid_t {
        AttackStage.inChild {
            let path = stage.directory.path + "/state.json"
            let writer = try StateWriter<BrokerState>(directory: stage.directory, waitingUpTo: .seconds(5))
            switch reason {
            case .growth: break
            case .damage: try overwriteHeader(path)
            case .absence: unlink(path)
            }
            arm(signal, at: point)
            try? writer.commit(StatePattern.broker(number, padding: reason == .growth ? 4200 : nil))
            StateHook.action = nil
            writer.retryIfNeeded()
            if let error = writer.lastError { throw error }
        }
    }

    private static func overwriteHeader(_ path: String) throws {
        let file = try FileDescriptor(opening: path, flags: O_WRONLY)
        _ = pwrite(file.number, "garbage", 7, 0)
    }

    /// Points of a replacement: the first hundred hold all of its calls, what follows are the stores of the commit.
    private static func points() -> some Sequence<Int> {
        sequence(first: 1) { $0 < 100 ? $0 + 1 : $0 + 97 }
    }

    /// SIGKILL at each step of a replacement, of each reason for one.
    static func replacements(_ directory: StateDirectory) throws(StateError) -> Int32 {
        var stage = try AttackStage(directory)
        var kills = 0
        for (index, reason) in Reason.allCases.enumerated() {
            let base = 10 * (index + 1)
            for point in points() {
                try stage.reset(to: base)
                let neighbour = try StateWriter<PublicationState>(directory: directory)
                let reader = StateReader(directory: directory)
                _ = reader.read(BrokerState.self)
                let end = AttackStage.wait(replacer(reason, base + 1, SIGKILL, at: point, in: stage))
                let moment = "replacement for \(reason), point \(point)"
                if end == .code(0) { break }
                stage.expect(end == .signal(SIGKILL), "\(moment): the writer ended with \(end)")
                kills += 1
                // Whoever read before still has it.
                _ = reader.read(BrokerState.self)
                let good = reader.lastGood(BrokerState.self).flatMap { StatePattern.number(of: $0.content) }
                stage.expect(good == base || good == base + 1, "\(moment): the reader's copy is \(good ?? -1)")
                neighbour.retryIfNeeded()
                stage.expect(neighbour.isWritable, "\(moment): the neighbour: \(neighbour.lastError as Any)")
                stage.check([base, base + 1, nil], moment)
                try stage.commit(base + 2)
                stage.check([base + 2], "\(moment), the next writer")
                let names = (try? FileNames.inDirectory(directory.path)) ?? []
                let corrupt = names.filter { $0.contains(".corrupt-") }.count
                stage.expect(corrupt <= (reason == .damage ? 2 : 0), "\(moment): \(names)")
                withExtendedLifetime(neighbour) {}
                guard stage.violations.count < 20 else { break }
            }
        }
        stage.expect(kills > 80, "only \(kills) points were found")
        return stage.report("\(kills) kill points in replacements for growth, damage and absence")
    }

    /// SIGSTOP half way through commits and replacements: readers and the other owners go on, the file can be
    /// replaced, and the stopped writer's content arrives when it goes on.
    static func stops(_ directory: StateDirectory) throws(StateError) -> Int32 {
        var stage = try AttackStage(directory)
        var stops = 0
        for point in stride(from: 1, through: 400, by: 9) {
            try stage.reset(to: point)
            let child = committer(point + 1, SIGSTOP, at: point, in: stage)
            guard AttackStage.wait(child) == .stopped(SIGSTOP) else { break }
            stops += 1
            try lookAround(&stage, child, [point, point + 1], "commit stopped at point \(point)")
            kill(child, SIGCONT)
            stage.expect(AttackStage.wait(child) == .code(0), "commit stopped at \(point): it did not end well")
            let number = stage.seen("after commit \(point)")
            stage.expect(number == point + 1, "the commit stopped at \(point) was lost: \(number ?? -1)")
        }
        for reason in Reason.allCases {
            for point in stride(from: 1, through: 60, by: 5) {
                try stage.reset(to: 10)
                let child = replacer(reason, 11, SIGSTOP, at: point, in: stage)
                guard AttackStage.wait(child) == .stopped(SIGSTOP) else { break }
                stops += 1
                let moment = "replacement for \(reason) stopped at point \(point)"
                // Nobody replaces while somebody else does; that passes with the stop.
                let neighbour = try StateWriter<PublicationState>(directory: directory)
                try? neighbour.commit(AttackStage.neighbour)
                kill(child, SIGCONT)
                stage.expect(AttackStage.wait(child) == .code(0), "\(moment): it did not end well")
                neighbour.retryIfNeeded()
                stage.expect(neighbour.isWritable, "\(moment): the neighbour: \(neighbour.lastError as Any)")
                stage.check([11], moment)
                withExtendedLifetime(neighbour) {}
            }
        }
        stage.expect(stops > 40, "only \(stops) stops")
        return stage.report("\(stops) stops in commits and replacements")
    }

    /// While `child` is stopped in a commit: its section is readable and owned, the neighbour commits, and then has
    /// the file replaced under it.
    private static func lookAround(
        _ stage: inout AttackStage,
        _ child: pid_t,
        _ allowed: Set<Int?>,
        _ moment: String
    ) throws(StateError) {
        let number = stage.seen(moment)
        stage.expect(allowed.contains(number), "\(moment): \(number ?? -1) was read")
        let neighbour = try StateWriter<PublicationState>(directory: stage.directory)
        try neighbour.commit(StatePattern.publication(5))
        do throws(StateError) {
            _ = try StateWriter<BrokerState>(directory: stage.directory)
            stage.expect(false, "\(moment): a second owner was let in")
        } catch {
            stage.expect("\(error)".contains("pid \(child)"), "\(moment): \(error)")
        }
        // 1,200 pairs do not fit: a new, larger file.
        try neighbour.commit(StatePattern.publication(6, pairs: 1200))
        try neighbour.commit(AttackStage.neighbour)
        stage.expect(neighbour.attachments == 2, "\(moment): \(neighbour.attachments) files")
    }
}
#endif
