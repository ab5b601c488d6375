import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Shared

@Suite struct StateDirectoryTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func refusal(_ body: () throws(StateError) -> StateDirectory) -> String? {
        do throws(StateError) {
            _ = try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        (0, 0o700, 0, StateDirectory.Verdict.use), (0, 0o755, 0, .use), (0, 0o777, 0, .useSubdirectory),
        (0, 0o1777, 0, .useSubdirectory), (0, 0o755, 65_534, .useSubdirectory), (0, 0o777, 65_534, .useSubdirectory),
        (65_534, 0o700, 65_534, .use), (65_534, 0o770, 65_534, .useSubdirectory),
    ])
    func theOwnerAndTheModeDecide(_ owner: Int, _ mode: Int, _ user: Int, _ verdict: StateDirectory.Verdict) {
        #expect(StateDirectory.Verdict(owner: UInt32(owner), mode: UInt32(mode), user: UInt32(user)) == verdict)
    }

    @Test func somebodyElsesDirectoryIsRefused() throws {
        guard case .refuse(let reason) = StateDirectory.Verdict(owner: 1000, mode: 0o700, user: 65_534) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("1000"))
        guard geteuid() == 0 else { return print("skipped: needs root to give a directory away") }
        let path = scratch.path + "/theirs"
        mkdir(path, 0o700)
        try #require(chown(path, 1000, 1000) == 0)
        let text = try #require(refusal { () throws(StateError) in try StateDirectory.prepare(setting: path) })
        #expect(text.contains(path) && text.contains("uid 1000"))
    }

    @Test func aNewDirectoryIsForUsAlone() throws {
        let path = scratch.path + "/new"
        #expect(try StateDirectory.prepare(setting: path + "//").path == path)
        #expect(FileIdentity.status(of: path).map { $0.st_mode & 0o777 } == 0o700)
        #expect(try StateDirectory.prepare(setting: path).path == path)
        #expect(try StateDirectory(resolved: path).contractsPath == path + "/contracts")
    }

    @Test func aWritableDirectoryIsOnlyTheParent() throws {
        let path = scratch.path + "/shared"
        mkdir(path, 0o700)
        chmod(path, 0o1777)
        let expected = "\(path)/\(geteuid())"
        #expect(try StateDirectory.prepare(setting: path).path == expected)
        chmod(expected, 0o755)
        #expect(try StateDirectory.prepare(setting: path).path == expected)
        #expect(FileIdentity.status(of: expected).map { $0.st_mode & 0o777 } == 0o700)
        #expect(try StateDirectory(resolved: expected).path == expected)
        #expect(refusal { () throws(StateError) in try StateDirectory(resolved: path) } != nil)
    }

    @Test func symlinksFilesAndRelativePathsAreRefusedByName() throws {
        let target = scratch.path + "/target"
        mkdir(target, 0o700)
        let link = scratch.path + "/link"
        symlink(target, link)
        for setting in [link, link + "/"] {
            let text = try #require(refusal { () throws(StateError) in try StateDirectory.prepare(setting: setting) })
            #expect(text.contains(link) && text.contains("symlink"))
        }
        try scratch.overwrite([0x78], "file")
        let file = try #require(
            refusal { () throws(StateError) in try StateDirectory.prepare(setting: scratch.path + "/file") }
        )
        #expect(file.contains("not a directory"))
        #expect(throws: StateError.notAbsolute(path: "state")) { try StateDirectory.prepare(setting: "state") }
        let orphan = try #require(
            refusal { () throws(StateError) in try StateDirectory.prepare(setting: scratch.path + "/a/b") }
        )
        #expect(orphan.contains("parent"))
        // The subdirectory is checked as well: somebody else could have made it.
        let shared = scratch.path + "/shared"
        mkdir(shared, 0o700)
        chmod(shared, 0o777)
        symlink(target, "\(shared)/\(geteuid())")
        let inner = try #require(refusal { () throws(StateError) in try StateDirectory.prepare(setting: shared) })
        #expect(inner.contains("symlink"))
    }

    @Test func withoutASettingTheFallbackIsUsedOnlyWhereTheDefaultCannotBeMade() throws {
        let good = scratch.path + "/default"
        let fallback = scratch.path + "/fallback"
        for setting in [nil, ""] {
            let first = try StateDirectory.prepare(setting: setting, defaultPath: good, fallbackPath: fallback)
            #expect(first.path == good)
        }
        let missing = scratch.path + "/no/such"
        let second = try StateDirectory.prepare(setting: nil, defaultPath: missing, fallbackPath: fallback)
        #expect(second.path == fallback)
        symlink("/", scratch.path + "/trap")
        #expect(throws: StateError.self) {
            try StateDirectory.prepare(setting: nil, defaultPath: scratch.path + "/trap", fallbackPath: fallback)
        }
    }

    @Test func aReadOnlyPlaceIsAnsweredWithTheManifestToAdd() throws {
        let error = StateError.writing("/state", SystemError(call: "mkdir", number: EROFS, subject: "/state"))
        #expect("\(error)" == "state is not writable at /state: the file system is read-only")
        let remedy = try #require(error.remedy)
        for word in ["emptyDir: {}", "mountPath: /state", "name: STATE_DIR", "volumes:", "export STATE_DIR="] {
            #expect(remedy.contains(word))
        }
        #expect(!remedy.contains("\n"), "a log line or a row of a table")
    }

    /// What a person reads is the cause, whichever call met it first.
    @Test func theCauseIsNamedAndNotTheCall() throws {
        let gone = StateDirectory(unchecked: scratch.path + "/a/b")
        let lost = StateError.system(SystemError(call: "open", number: ENOENT, subject: gone.path + "/lock"))
        #expect("\(gone.explained(lost))" == "state is not writable at \(gone.path): \(scratch.path)/a does not exist")
        let here = StateDirectory(unchecked: scratch.path)
        #expect(here.explained(lost) == lost, "nothing is wrong with the directory")
        let other = StateError.system(SystemError(call: "fcntl", number: EIO, subject: "x"))
        #expect(gone.explained(other) == other)
    }

    /// Of a burst of failures only the first, another kind and the end are worth a line.
    @Test func onlyNewsIsTold() {
        let lost = StateError.system(SystemError(call: "open", number: ENOENT, subject: "/x/lock"))
        let denied = StateError.writing("/x", SystemError(call: "mkdir", number: EACCES, subject: "/x"))
        let full = StateError.writing("/x", SystemError(call: "mkdir", number: ENOSPC, subject: "/x"))
        var trouble = StateTrouble()
        #expect(trouble.note(nil) == nil)
        #expect(trouble.note(lost) == .cannotWrite(lost))
        for error in [denied, lost, denied] { #expect(trouble.note(error) == nil) }
        #expect(trouble.note(full) == .cannotWrite(full))
        #expect(trouble.note(nil) == .canWriteAgain)
        var told = StateTrouble(known: denied)
        #expect(told.note(lost) == nil)
        #expect(told.note(nil) == .canWriteAgain)
        #expect(StateTrouble.News.cannotWrite(denied).fields(isSupervised: true).count == 1, "no hint from a worker")
    }

    /// To look and to prepare are of one mind, also for root.
    @Test(arguments: [
        ("/proc/x", "/proc", "proc"), ("/proc/a/b", "/proc", "proc"), ("/proc", "/proc", "proc"),
        ("/sys/x", "/sys", "sysfs"),
    ])
    func whereTheKernelKeepsNoFilesIsNoPlace(path: String, place: String, name: String) throws {
        guard access("/sys/kernel", F_OK) == 0 else { return print("skipped: needs sysfs at /sys") }
        let expected = StateError.directoryRefused(
            path: path,
            reason: "\(place) is \(name), the kernel's own, which keeps no files"
        )
        #expect(throws: expected) { try StateDirectory.examine(setting: path) }
        #expect(throws: expected) { try StateDirectory.prepare(setting: path) }
        #expect(throws: expected) { try StateDirectory.forWriter(resolved: nil, setting: path) }
    }

    @Test func withoutASettingTheDeployedPlacesAreSearchedToo() throws {
        let places = StateSearch.places(setting: nil)
        #expect(places == StateSearch.places(setting: "") && places.first == StateDirectory.defaultPath)
        let unit = try RepositoryFile.text("deploy/systemd/pact-mocks-manager.service")
        let image = try RepositoryFile.text("deploy/Dockerfile")
        let deployed = (unit + "\n" + image).split(separator: "\n")
            .compactMap { line in
                line.hasPrefix("Environment=STATE_DIR=") || line.hasPrefix("ENV STATE_DIR=")
                    ? line.split(separator: "=").last.map(String.init) : nil
            }
        #expect(deployed.count == 2 && deployed.allSatisfy(places.contains), "\(deployed)")
        #expect(StateSearch.places(setting: "/a/") == ["/a"])
        // Of several the one that has a state, wherever it stands.
        try scratch.overwrite([], "state.json")
        let search = StateSearch(places: [scratch.path + "/none", scratch.path, scratch.path + "/other"])
        #expect(search.directory?.path == scratch.path && search.lookedIn.count == 3)
    }

    @Test func lookingAtADirectoryCreatesNothing() throws {
        func look(_ path: String) -> String {
            do throws(StateError) {
                let (directory, exists) = try StateDirectory.examine(setting: path)
                return directory.path + (exists ? "" : " new")
            } catch {
                return "\(error)"
            }
        }
        #expect(look(scratch.path + "/new") == scratch.path + "/new new")
        #expect(look(scratch.path + "/a/b").contains("its parent \(scratch.path)/a does not exist"))
        #expect(look(scratch.path) == scratch.path)
        chmod(scratch.path, 0o1777)
        #expect(look(scratch.path) == "\(scratch.path)/\(geteuid()) new")
        #expect(DirectoryListing.names(in: scratch.path).isEmpty)
        mkdir("\(scratch.path)/\(geteuid())", 0o700)
        #expect(look(scratch.path) == "\(scratch.path)/\(geteuid())")
        symlink("/", scratch.path + "/link")
        #expect(look(scratch.path + "/link").contains("it is a symlink"))
    }

    /// Another user's state is not "no state".
    @Test func aSearchTellsNothingThereFromMayNotLook() throws {
        #expect(StateSearch(setting: scratch.path + "/none").obstacle == nil)
        #expect(StateSearch(setting: scratch.path + "/none").lookedIn == [scratch.path + "/none"])
        if let obstacle = OtherUser.obstacle { return print("skipped: \(obstacle)") }
        chmod(scratch.path, 0o700)
        let process = try Exerciser(["search", scratch.path], wrapper: OtherUser.wrapper)
        #expect(
            process.rest() == "\(scratch.path) may not be read by uid 65534; it belongs to uid 0: run this as that user"
        )
        process.finish()
    }

    @Test func anotherUserGetsItsOwnStepInARootOwnedEmptyDir() throws {
        if let obstacle = OtherUser.obstacle { return print("skipped: \(obstacle)") }
        chmod(scratch.path, 0o777)
        let first = try Exerciser(["prepare", scratch.path], wrapper: OtherUser.wrapper)
        #expect(first.rest() == scratch.path + "/65534")
        #expect(first.finish() == 0)
        let second = try Exerciser(["once", scratch.path + "/65534"], wrapper: OtherUser.wrapper)
        #expect(second.rest() == "written")
        second.finish()
        chmod(scratch.path, 0o755)
        let third = try Exerciser(["prepare", scratch.path + "/other"], wrapper: OtherUser.wrapper)
        #expect(third.rest().contains("\(scratch.path) is not writable by uid 65534"))
        #expect(third.finish() == 1)
    }

    @Test func whatCannotBeWrittenToIsSeenWithoutWriting() throws {
        #expect(try scratch.state.obstacle() == nil)
        let directory = try scratch.state
        #expect(run(["rm", "-rf", scratch.path]) == 0)
        #expect(directory.obstacle() != nil)
    }
}
