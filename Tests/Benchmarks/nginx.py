"""nginx with a constant answer, as the peer of the health server."""
import os
import shutil
import socket
import subprocess

from machine import await_

BODY = '{"status":"alive","supervised":true,"supervisor_tick_age_seconds":1}'


def configure(directory, body=BODY):
    """Makes the files of one process on a free port, connections kept open for as many requests as come.

    Returns (port, what to execute, None), or (None, None, why not)."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        return None, None, "nginx is not installed (Debian: nginx-light)"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = "\n".join(f"{kind}_temp_path {directory}/{kind};" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(os.path.join(directory, "nginx.conf"), "w", encoding="utf-8") as file:
        file.write(f"daemon off;\nmaster_process off;\npid {directory}/nginx.pid;\nerror_log stderr;\n"
                   "events {\nworker_connections 2048;\n}\n"
                   f"http {{\naccess_log off;\nkeepalive_requests 1000000000;\n{temporary}\n"
                   f"server {{\nlisten 127.0.0.1:{port} backlog=4096;\n"
                   f"location / {{\ndefault_type application/json;\nadd_header Cache-Control no-store;\n"
                   f"return 200 '{body}';\n}}\n}}\n}}\n")
    return port, [program, "-p", directory, "-c", os.path.join(directory, "nginx.conf"), "-e", "stderr"], None


def execute(command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_nginx(directory, body=BODY):
    """Configured, and listening. Returns (port, process, None), or (None, None, why not)."""
    port, command, obstacle = configure(directory, body)
    if obstacle:
        return None, None, obstacle
    process = execute(command)

    def listens():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    await_("nginx listens", listens)
    return port, process, None


def version():
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        return None
    return subprocess.run([program, "-v"], capture_output=True, text=True).stderr.strip().rsplit("/", 1)[-1]
