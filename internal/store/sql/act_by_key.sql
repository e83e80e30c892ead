SELECT act_key, idx, kind, content FROM acts WHERE act_key = $1
