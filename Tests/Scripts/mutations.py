#!/usr/bin/env python3
"""Breaks the code in known ways, one at a time, and fails if no test notices.

Needs a checkout without changes of its own; each file is put back as it was. `make mutations`, or with words of the names
to try only those.
"""
import glob
import os
import re
import subprocess
import sys

STATE = "Sources/Shared/State/"
PUBLISHER = "Sources/Publisher/"
KUBERNETES = "Sources/Watcher/KubernetesSource/"
HEALTH = "Sources/HealthServer/Evaluation/"
METRICS = "Sources/HealthServer/Metrics/"
BROKER_DOCTOR = PUBLISHER + "Doctor/"
SOURCE_DOCTOR = "Sources/Watcher/Doctor/"
MANAGER_DOCTOR = "Sources/Supervisor/Doctor/"
ENTRY = """        StateMemory.store(HexWord.encode(entry.length), at: entryAddress(next))
        StateMemory.store(HexWord.encode(entry.checksum), at: entryAddress(next) + 8)
"""
COMMIT = "        StateMemory.store(HexWord.encode(next), at: sequenceAddress)\n"
BLANK = "        StateMemory.blank(slot(next ^ 1), from: 0, to: capacity)\n"

# Name, tests that must notice, file, and what is replaced by what.
MUTATIONS = [
    ("commit before length and checksum", "StateAttackTests", STATE + "SectionMemory.swift",
     [(ENTRY, ""), (COMMIT, COMMIT + ENTRY)]),
    ("no second look at the sequence", "StateAttackTests", STATE + "SectionReading.swift",
     [("guard let again = ControlLine(second), again.sequence == control.sequence else { return .torn }",
       "guard ControlLine(second) != nil else { return .torn }")]),
    ("checksum without the sequence", "StateLayoutTests", STATE + "SectionEntry.swift",
     [("clinux_crc32c(0, number.baseAddress, number.count)", "clinux_crc32c(0, number.baseAddress, 0)")]),
    ("blank before the commit", "StateAttackTests", STATE + "SectionMemory.swift",
     [(BLANK, ""), ("        StateMemory.beforeCommit()\n", BLANK + "        StateMemory.beforeCommit()\n")]),
    ("the manager's lock is not taken again", "StateDirectoryFaultTests", "Sources/Supervisor/StateBoard.swift",
     [("        holdManagerLock()\n        if writer", "        if writer")]),
    ("raises a hard data limit", "StateDirectoryFaultTests", "Sources/Shared/CLinux/process.c",
     [("if (request->data_limit < limit.rlim_max) limit.rlim_max", "limit.rlim_max")]),
    ("a failed write ends the log", "OutputQueueTests", "Sources/Supervisor/OutputQueue.swift",
     [("if let until = brokenUntil, now >= until { brokenUntil = nil }", "")]),
    ("held requests outlive the manager", "LongPollTests", "Sources/HealthServer/Server/ServerCore.swift",
     [("let isOver = blocker?.code == .stopping", "let isOver = false")]),
    ("quotes are left in the page", "PageSafetyTests", "Sources/HealthServer/Page/HTMLWriter.swift",
     [('        case "\\"": markup("&quot;")\n', ""), ("&& byte != 0x22 ", "")]),
    ("overrides of the writing direction are left", "PageSafetyTests", "Sources/HealthServer/Page/HTMLWriter.swift",
     [("0x2028...0x202E", "0x2028...0x2029")]),
    ("another script than the one that was hashed", "PageSafetyTests", "Sources/HealthServer/Page/HTMLWriter.swift",
     [("bytes += PageScript.text.utf8", 'bytes += (PageScript.text + " ").utf8')]),
    ("the page for whoever accepts everything", "AcceptPreferenceTests|NegotiationTests",
     "Sources/HealthServer/Page/AcceptPreference.swift",
     [("guard let html, html > 0 else { return false }", "guard let html, html > 0 else { return html == nil }")]),
    ("a change while an event is on its way is lost", "EventStreamsTests", "Sources/HealthServer/Events/EventStream.swift",
     [("            isOnItsWay = false\n            offer()\n", "            isOnItsWay = false\n")]),
    ("who takes no event is never cut", "EventStreamsTests", "Sources/HealthServer/Events/EventStream.swift",
     [("if now - lastWrite > patience { cut() }", "_ = patience")]),
    ("streams make room for others", "EventStreamTests", "Sources/HealthServer/Server/ConnectionPhase.swift",
     [("case .idle, .receiving, .resting, .lingering: true\n        case .answering, .waiting, .streaming, .sending: false",
       "case .idle, .receiving, .resting, .lingering, .streaming: true\n        case .answering, .waiting, .sending: false")]),
    ("streams are not ended on TERM", "EventStreamTests", "Sources/HealthServer/Server/ServerCore.swift",
     [("        streams.stop()\n", "")]),
    ("a check in the future counts", "ProviderReadinessTests", "Sources/HealthServer/Evaluation/Situation.swift",
     [("checked <= now { return checked }", "checked <= now + .seconds(9999) { return checked }")]),
    ("each retry of a suspect is told", "PublicationStormTests", PUBLISHER + "PublicationPlan+Failures.swift",
     [("if !isSuspect, publishFailures == 0,", "if publishFailures == 0,")]),
    ("all refusals are tried again at each flap", "PublicationStormTests", PUBLISHER + "PublicationPlan+Failures.swift",
     [("now - last < configuration.failureRetry / 5", "now < last")]),
    ("what takes the broker down goes first for ever", "PublicationStormTests", PUBLISHER + "PublicationPlan+Failures.swift",
     [("private static let maximumOutages = 3", "private static let maximumOutages = 3_000_000")]),
    ("edits starve the rolling check", "RollingCheckTests", PUBLISHER + "PublicationPlan+Next.swift",
     [("let chosen = overdue?.position ?? unread ?? inTurn", "let chosen = unread ?? overdue?.position ?? inTurn")]),
    ("a missing ConfigMap keeps no mode back", "ProbeTableTests", HEALTH + "ContractVerdict.swift",
     [("case .any: missingPart + any", "case .any: any")]),
    ("a provider of a missing ConfigMap is unknown", "ConfigMapStateTests", HEALTH + "ProviderReadiness.swift",
     [("contracts.isEmpty, let missing = snapshot", "known != nil, contracts.isEmpty, let missing = snapshot")]),
    ("a consumer of a missing ConfigMap is unknown", "ConfigMapSituationTests", HEALTH + "ProviderReadiness.swift",
     [("contracts.isEmpty, let missing = snapshot", "known == nil, let missing = snapshot")]),
    ("the list is called whole while a ConfigMap is missing", "ConfigMapSituationTests",
     "Sources/HealthServer/Answers/DocumentAnswers.swift", [("source?.missingPart == nil", "true")]),
    ("a deleted ConfigMap counts as missing", "ProbeTableTests", STATE + "Schema/SourceState.swift",
     [("configMaps.filter { !$0.wasDelivered }", "configMaps.filter { $0.presence != .present }")]),
    ("a directory that stands in is not told", "ConfigMapSituationTests", STATE + "Schema/SourceState+Origin.swift",
     [('origin.hasPrefix("', 'origin.hasSuffix("')]),
    ("an empty token passes --check", "KubernetesCheckTests", "Sources/Shared/Settings/KubernetesSettings+Files.swift",
     [('.isEmpty ? "holds no token" : nil', '.isEmpty ? nil : nil')]),
    ("a missing directory is a warning beside the API", "KubernetesCheckTests",
     "Sources/Supervisor/Commands/CheckReport.swift",
     [("[.good(line.subject, check.directory", "[.odd(line.subject, check.directory")]),
    ("restarts in any order", "ConfigMapStatusTests", "Sources/Supervisor/Commands/ConfigMapTable.swift",
     [("($1.value, $0.key) < ($0.value, $1.key)", "$0.key < $1.key")]),
    ("a command that kubectl does not take", "RoleCommandTests", "Sources/Shared/Settings/RoleRule.swift",
     [('"--resource-name=', '"--resource-names=')]),
    ("the manifest's Role may list", "RoleManifestTests", "deploy/kubernetes/base/rbac.yaml",
     [("    verbs: [get, watch]", "    verbs: [get, list, watch]")]),
    ("ready before the port answers", "ServiceReportTests|SupervisorSimulationTests", "Sources/Supervisor/ServiceReport.swift",
     [("if state == .starting, core.isHealthServerReady {", "if state == .starting {")]),
    ("a reload is not told", "ServiceReportTests|SupervisorSimulationTests", "Sources/Supervisor/ServiceReport.swift",
     [("        return [.reloading]\n", "        return []\n")]),
    ("heartbeats at the limit", "ServiceReportTests|SupervisorSimulationTests", "Sources/Supervisor/ServiceReport.swift",
     [("max($0 / 3, Self.leastInterval)", "max($0, Self.leastInterval)")]),
    ("what systemd is too busy for is lost", "ServiceNotifierTests", "Sources/Supervisor/ServiceNotifier.swift",
     [("guard error != 0 else {", "guard error != 0, error != EAGAIN else {")]),
    ("late heartbeats follow", "ServiceNotifierTests", "Sources/Supervisor/ServiceNotifier.swift",
     [("            waiting.removeAll { $0.message == .heartbeat }\n", "")]),
    ("the old socket is kept", "ServiceNotifierTests", "Sources/Supervisor/ServiceNotifier.swift",
     [("        if result != -Int(EAGAIN) {\n", "        if result == 0 {\n")]),
    ("workers speak to systemd", "ServiceManagerTests|WorkerEnvironmentTests", "Sources/Supervisor/WorkerEnvironment.swift",
     [("        variables[\"NOTIFY_SOCKET\"] = notifySocket\n",
       "        variables[\"NOTIFY_SOCKET\"] = base[\"NOTIFY_SOCKET\"] ?? notifySocket\n")]),
    ("heartbeats for another process", "ServiceManagerTests|NotifySocketTests", "Sources/Shared/Process/NotifySocket.swift",
     [("owner != String(pid) { return nil }", "owner == \"\" { return nil }")]),
    ("the page forgets a member", "StateDocumentTests", "docs/state-file.md", [("| `origin` | text |", "| origin | text |")]),
    ("an expired version is resumed from", "ConfigMapWatch", KUBERNETES + "ConfigMapWatch+Failures.swift",
     [("    mutating func expired(_ now: MonotonicTime, _ random: Double) -> [Action] {\n        resumeVersion = nil\n",
       "    mutating func expired(_ now: MonotonicTime, _ random: Double) -> [Action] {\n")]),
    ("a late deletion takes what was created since", "ConfigMapWatch", KUBERNETES + "ConfigMapWatch+Stream.swift",
     [("if isDeleted, let present = self.object, present.uid != object.uid { return [] }", "")]),
    ("the mount comes back after the API", "KubernetesStandInTests|SourceAssemblyTests", KUBERNETES + "SourceAssembly.swift",
     [("        if let first = open.first(where: \\.state.wasDelivered) {", "        if let first = open.first(where: { _ in false }) {")]),
    ("a version from the future is resumed for ever", "KubernetesSilenceTests|ConfigMapWatch", KUBERNETES + "ConfigMapWatch.swift",
     [("if !hasTold { resumeVersion = nil }", "")]),
    ("consumed lines stay in memory", "LineBufferTests", KUBERNETES + "LineBuffer.swift",
     [("if start == bytes.count { (bytes, start) = ([], 0) }", "")]),
    ("a stand-in outlives the word of the API", "KubernetesStandInTests", "Sources/Watcher/SourceStateMachine.swift",
     [("let endsStandIn = reading.endsStandIn && before.isFallback", "let endsStandIn = false")]),
    ("what streamed before the wait is left lying", "CurlMultiTests",
     "Sources/Shared/HTTP/CurlMulti.swift",
     [("if !turn.finished.isEmpty || takeStreamed() { wait = 0 }", "if !turn.finished.isEmpty { wait = 0 }")]),
    ("metrics: a quotation mark ends a label", "MetricsTests", METRICS + "ExpositionWriter.swift",
     [('case UInt8(ascii: "\\\\"), UInt8(ascii: "\\""):', 'case UInt8(ascii: "\\\\"):')]),
    ("metrics: buckets are not cumulative", "MetricsTests", METRICS + "ExpositionWriter.swift",
     [("count += inBucket", "count = inBucket")]),
    ("metrics: a blocked provider is ready", "MetricsTests", METRICS + "SnapshotMetrics.swift",
     [("provider.reason == nil && !isBlocked", "provider.reason == nil")]),
    ("metrics: held requests count as slow ones", "MetricsServerTests", "Sources/HealthServer/Server/ConnectionHandler.swift",
     [("phase == .answering && !wasHeld", "phase == .answering")]),
    ("metrics: a client that hung up timed out", "MetricsServerTests", "Sources/HealthServer/Server/ConnectionHandler.swift",
     [("        if clientIsDone { return .abandoned }\n", "")]),
    ("metrics: the API is connected while it waits", "MetricsTests", METRICS + "SnapshotMetrics.swift",
     [("configMaps.allSatisfy { $0.connection == .watching }", "configMaps.allSatisfy { _ in true }")]),
    ("metrics: anybody's memory", "MetricsTests", METRICS + "ResidentMemory.swift",
     [(", parent == nil || Int32(fields[1]) == parent else", " else")]),
    ("the page of reasons forgets one", "ReasonPageTests", "docs/operations.md", [("| `watcher_silent` |", "| `watcher_quiet` |")]),
    ("metrics: the documentation says something else", "MetricsDocumentTests", "docs/metrics.md",
     [("| `waiters` | gauge |", "| `waiters` | counter |")]),
    ("metrics: checks are counted anew after a death", "PublisherCountersProcessTests", PUBLISHER + "PublisherLoop.swift",
     [("if let previousBroker { engine.plan.check.restore(previousBroker) }", "")]),
    ("metrics: publications are timed anew after a death", "PublisherCountersProcessTests|ChangeClockTests",
     "Sources/Shared/State/Schema/PublicationState.swift", [("var counters = self\n", "var counters = Counters()\n")]),
    ("metrics: a successor measures a lost contract as a change", "ChangeClockTests", PUBLISHER + "ChangeClock.swift",
     [("let isMeasured = !changeClock.hasBegun && ", "let isMeasured = false && ")]),
    ("metrics: an edit counts as published before its proof", "ChangeClockTests", PUBLISHER + "ChangeClock.swift",
     [("guard let record = pairs[key], let proof = record.verified else { return false }\n"
       "            return proof.isConfirmed && proof.sha256 == record.desired.sha256", "return pairs[key] != nil")]),
    ("a pair that was accepted is not looked for in the list", "PublicationPlanTests", PUBLISHER + "PairTable.swift",
     [("for list in lists.indices { lists[list]", "for list in lists.indices where list != 4 { lists[list]")]),
    ("a change just before the wait is not told", "AttentionTests", "Sources/HealthServer/Server/ServerCore+Turns.swift",
     [("if isAttentive { eventLoop", "if false { eventLoop")]),
    ("who sleeps on a file that was replaced sleeps on", "StateWaitTests", "Sources/Shared/State/StateReader.swift",
     [("former?.wakeEverybody()", "_ = former")]),
    ("the memory of the start is kept", "StartMemoryTests", "Sources/Shared/CLinux/memory.c",
     [("if (start < end) madvise", "if (start > end) madvise")]),
    ("doctor: a public heartbeat proves the credentials", "BrokerDiagnosisTests", BROKER_DOCTOR + "BrokerDiagnosis+Exchange.swift",
     [("for kind in [BrokerRequest.Kind.heartbeat, .dependencies, .index]", "for kind in [BrokerRequest.Kind.heartbeat]")]),
    ("doctor: any refusal of an empty publication is a right to write", "BrokerDiagnosisTests|DoctorBrokerTests",
     BROKER_DOCTOR + "BrokerDiagnosis+Exchange.swift", [("case .rejected(status: 400, _):", "case .rejected:")]),
    ("doctor: a server's words become our advice", "ForeignWordsTests|DoctorBrokerTests", BROKER_DOCTOR + "BrokerFacts.swift",
     [("        default: false\n        }\n    }\n}\n", "        default: true\n        }\n    }\n}\n")]),
    ("doctor: whoever answers is sent a publication", "DoctorBrokerTests", BROKER_DOCTOR + "BrokerExamination.swift", [("        guard facts.isBroker else { return }\n", "")]),
    ("doctor: a Service of another namespace is ours", "BrokerDiagnosisTests", BROKER_DOCTOR + "BrokerDiagnosis.swift",
     [("guard labels[1] == namespace else { return false }", "_ = namespace")]),
    ("doctor: the lookup has no deadline", "DoctorBrokerTests", BROKER_DOCTOR + "NameLookup.swift",
     [("Int32(clamping: limit.milliseconds)) > 0", "-1) > 0")]),
    ("doctor: a page that repeats our password is shown", "BrokerDiagnosisTests|DoctorMachineTests",
     BROKER_DOCTOR + "BrokerExamination.swift",
     [("finished.result.map { Self.redacted($0, credentials, proxy: proxy) }", "finished.result"), ("        let proxy = settings.brokerProxy?.credentials\n", "")]),
    ("doctor: a denied right is an allowed one", "SourceDiagnosisTests|DoctorSourceTests", SOURCE_DOCTOR + "SourceExamination.swift",
     [("return isAllowed ? .allowed : .denied", "_ = isAllowed\n            return .allowed")]),
    ("doctor: an expired token is good", "SourceDiagnosisTests|DoctorSourceTests", SOURCE_DOCTOR + "SourceDiagnosis+API.swift",
     [("guard expiry > facts.now else {", "guard expiry > 0 else {")]),
    ("doctor: what stands in hides nothing", "SourceDiagnosisTests", SOURCE_DOCTOR + "SourceDiagnosis+API.swift",
     [("return lines.map(\\.asOdd)", "return lines")]),
    ("doctor: a worker that died is believed", "WorkerAnswerTests", MANAGER_DOCTOR + "WorkerDoctor.swift",
     [("case .code(let code) where !isComplete:", "case .code(let code) where !isComplete && code > 1:")]),
    ("doctor: what a worker has started outlives it", "DoctorMachineTests", MANAGER_DOCTOR + "WorkerDoctor.swift",
     [("kill(-pid, SIGKILL)", "kill(pid, SIGKILL)")]),
    ("doctor: anybody's port is ours while a manager runs", "MachineDiagnosisTests", MANAGER_DOCTOR + "MachineDiagnosis.swift",
     [("facts.portHolders.contains(where: { $0.pid == pid })", "pid > 0")]),
    ("reviews say yes to whatever is asked", "AccessReviewTests", "Tests/LocalKubernetes/Access/AccessTable.swift",
     [("guard refusal(identity, wanted) == nil else { return nil }", "_ = wanted")]),
    ("the gate leaves descriptors to its command", "GateTransparencyTests", "Sources/Gate/CGate/process.c",
     [("    keep_inherited_descriptors_only();\n", "    if (0) keep_inherited_descriptors_only();\n")]),
    ("the gate's command ignores what the gate ignores", "GateTransparencyTests", "Sources/Gate/CGate/process.c",
     [("signal(number, cgate_start.ignored[number] ? SIG_IGN : SIG_DFL);", ";")]),
    ("the gate waits for whoever reads its lines", "GateTransparencyTests", "Sources/Gate/CGate/process.c",
     [("if (poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT)) ", "(void)entry; ")]),
    ("the gate takes any 200 for ready", "GateVerdictTests", "Sources/Gate/GateVerdict.swift",
     [("case (200, true?):", "case (200, _):")]),
    ("the gate asks a manager that does not hold in a loop", "GateMachineTests", "Sources/Gate/GateMachine.swift",
     [("let goesOn = !question.isHeld || now - question.since >= GateMachine.heldAtLeast", "let goesOn = true")]),
]


def run(*command, limit=None):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=limit)


def attempt(name, tests, path, replacements):
    """True if a test went red, or a line why it could not be tried."""
    with open(path) as file:
        original = file.read()
    text = original
    for old, new in replacements:
        if old not in text:
            return f"the code has changed: {old.strip()[:60]}"
        text = text.replace(old, new, 1)
    try:
        with open(path, "w") as file:
            file.write(text)
        build = run("swift", "build", "--build-tests")
        if build.returncode != 0:
            return "does not build: " + "; ".join(re.findall(r"error: .*", build.stdout)[:2])
        runner = glob.glob(".build/debug/*PackageTests.xctest")[0]
        try:
            result = run(runner, "--testing-library", "swift-testing", "--filter", tests, limit=300)
        except subprocess.TimeoutExpired:
            return "a test waits for ever instead of failing"
        text = re.sub(r"\x1b\[[0-9]*m", "", result.stdout + result.stderr)
        red = sorted(set(re.findall(r"✘ Test (.+?) (?:recorded|failed|with)", text)) - {"run"})
        if result.returncode != 0:
            print("red   ", name, "→", red[0] if red else f"exit {result.returncode}", flush=True)
        return result.returncode != 0
    finally:
        with open(path, "w") as file:
            file.write(original)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    if run("git", "diff", "--quiet").returncode != 0:
        sys.exit("the checkout has changes: commit them first")
    os.environ.setdefault("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", str(os.cpu_count() or 2))
    words = sys.argv[1:]
    failures = 0
    for mutation in MUTATIONS:
        if words and not any(word in mutation[0] for word in words):
            continue
        result = attempt(*mutation)
        if result is not True:
            failures += 1
            print("GREEN " if result is False else "FAILED", mutation[0], "" if result is False else result, flush=True)
    run("swift", "build", "--build-tests")
    sys.exit(1 if failures else 0)


main()
