import Glibc
import TestSupport
import Testing

@testable import Shared

@Suite struct StateUnwritableTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// Runs the exerciser in a mount namespace of its own, after `mount`, a shell command.
    private func inNamespace(_ mount: String, _ arguments: [String]) throws -> Exerciser? {
        guard run(["unshare", "-Urm", "true"]) == 0 else {
            print("skipped: no mount namespaces here")
            return nil
        }
        return try Exerciser(arguments, wrapper: ["unshare", "-Urm", "sh", "-c", mount + " && exec \"$0\" \"$@\""])
    }

    @Test func aFullDiskIsReportedAndTheContentFollowsWhenThereIsRoom() throws {
        let mount = "mount -t tmpfs -o size=2m,mode=700 tmpfs \(scratch.path)"
        guard let process = try inNamespace(mount, ["fill", scratch.path]) else { return }
        #expect(process.rest() == "start: full\nfull: full\nroom: well\nread: 7")
        #expect(process.finish() == 0)
    }

    @Test func aDiskWithoutInodesIsReported() throws {
        // One inode is the root of the file system, the other the filler.
        let mount = "mount -t tmpfs -o size=4m,nr_inodes=2,mode=700 tmpfs \(scratch.path)"
        guard let process = try inNamespace(mount, ["fill", scratch.path]) else { return }
        #expect(process.rest().hasPrefix("start: full\nfull: full\nroom: "))
        #expect(process.finish() == 0)
    }

    @Test func aReadOnlyFileSystemIsReported() throws {
        let mount = "mount --bind \(scratch.path) \(scratch.path) && mount -o remount,bind,ro \(scratch.path)"
        _ = try StateWriter<BrokerState>(directory: scratch.state)
        guard let process = try inNamespace(mount, ["once", scratch.path]) else { return }
        let text = process.rest()
        #expect(text.contains("the file system is read-only"))
        #expect(process.finish() == 1)
    }

    @Test func aDirectoryWithoutPermissionIsNoReasonToDie() throws {
        if let obstacle = OtherUser.obstacle { return print("skipped: \(obstacle)") }
        try #require(chown(scratch.path, 65_534, 65_534) == 0)
        chmod(scratch.path, 0o500)
        let process = try Exerciser(["once", scratch.path], wrapper: OtherUser.wrapper)
        #expect(process.rest().contains("state is not writable"))
        #expect(process.finish() == 1)
    }

    @Test func aGrowthThatFindsNoRoomLeavesTheFileAsItWas() throws {
        // Room for the first file and no second one of twice the size.
        let mount = "mount -t tmpfs -o size=1m,mode=700 tmpfs \(scratch.path)"
        guard let process = try inNamespace(mount, ["grow", scratch.path]) else { return }
        #expect(process.rest() == "small: well\nlarge: full\nread: 1\nsmall again: well\nread: 2")
        #expect(process.finish() == 0)
    }
}
