"""Milliseconds for one row, and requests per second of the service in docs/deployment.md, by one and eight clients."""

import http.client
import json
import re
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import presets

N_CALLS = 500


def milliseconds(call):
    """Median of many calls, after the first."""
    call()
    seconds = []
    for _ in range(N_CALLS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1000 * np.median(seconds)


def per_second(address, body, n_clients):
    """Requests per second, each client on one connection."""

    def client(_):
        connection = http.client.HTTPConnection(*address)
        for _ in range(N_CALLS):
            connection.request("POST", "/", body)
            connection.getresponse().read()
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(n_clients) as pool:
        list(pool.map(client, range(n_clients)))
    return n_clients * N_CALLS / (time.perf_counter() - start)


def main():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 20))
    network = presets.DNNClassifier(epochs=2, random_state=0).fit(X, X[:, 0] > 0)
    page = Path(__file__).parents[1] / "docs" / "deployment.md"
    (service,) = re.findall(r"```python no-run\n(import json.*?)server\.serve_forever", page.read_text(), re.DOTALL)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.skops"
        presets.save(network, file)
        print(f"load: {milliseconds(lambda: presets.load(file)):.1f} ms, {file.stat().st_size / 1000:.0f} kB")
        names = {}
        exec(service.replace('"model.skops"', repr(str(file))).replace("8000", "0"), names)
    print(f"predict of one row: {milliseconds(lambda: network.predict(X[:1])):.2f} ms")
    names["Predictions"].log_message = lambda *arguments: None
    server = names["server"]
    threading.Thread(target=server.serve_forever).start()
    body = json.dumps(X[:1].tolist())
    for n_clients in (1, 8):
        print(f"{n_clients} clients: {per_second(server.server_address, body, n_clients):.0f} requests per second")
    server.shutdown()


if __name__ == "__main__":
    main()
