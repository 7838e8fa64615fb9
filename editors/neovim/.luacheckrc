std = 'luajit'
globals = { 'vim' }
max_line_length = 110
exclude_files = { 'lua/coworker/protocol.lua' } -- made from the server's types
