-- The cases about a device, the last opened or changed first.
SELECT c.number, c.idx, c.sort, c.state, c.since, c.due, c.closed, c.events, c.place, c.assigned
FROM case_devices d JOIN cases c ON c.number = d.number WHERE d.imei = $1 ORDER BY c.idx DESC
