import Shared

/// The state directory as `--check` and `doctor` find it: nothing is created or changed.
struct StateLook {
    /// Where the state is or would be; `nil` with an error.
    var directory: StateDirectory?
    var exists = false
    /// Why it cannot be used.
    var error: StateError?
    /// The manager that owns it.
    var holder: LockHolder?

    init(setting: String?) {
        do throws(StateError) {
            let found = try StateDirectory.examine(setting: setting)
            directory = found.directory
            exists = found.exists
            holder = StateLocks.holder(.manager, in: found.directory)
        } catch {
            self.error = error
        }
    }
}

/// The health port as `--check` and `doctor` find it.
enum PortLook: Equatable {
    /// With its number, which differs from the setting where that is 0.
    case free(Int)
    case refused(ListeningSocketError)

    /// Opens it for a moment, which fails where somebody else has it.
    init(_ settings: Settings) {
        do throws(ListeningSocketError) {
            let socket = try ListeningSocket.open(environment: ProcessEnvironment([:]), settings: settings)
            self = .free(ListeningSocket.port(socket))
            _ = FileDescriptor(owning: socket)
        } catch {
            self = .refused(error)
        }
    }
}
