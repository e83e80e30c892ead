SELECT content, person, idx, approval FROM signatures WHERE content = $1 ORDER BY person
