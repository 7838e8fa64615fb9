-- A file with hunks gets another name in Neovim: they go along. A copy has none.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "two things"',
  stage.edit('hello', 'good day'),
  stage.edit('return M\n', 'M.version = 2\n\nreturn M\n'),
  '---',
  'say "Both."',
})

--- Does these commands as one, and what Neovim does before it takes the next key.
local function command(commands)
  vim.cmd(commands)
  t.step()
end

local function accept(part)
  t.equal(true, vim.fn.search(part, 'cw') > 0)
  vim.cmd.CoworkerAccept()
end

t.test('a file is renamed as plugins do it, with unsaved text in it', function()
  coworker.ask('two things')
  stage.leave_preview()
  stage.wait_for_marks('pending pending')
  t.type('ggO-- typed before<Esc>')
  command("call rename('greet.lua', 'welcome.lua') | keepalt saveas! welcome.lua")
  stage.wait_for_marks('pending pending')
  t.type('Go-- typed after<Esc>')
  accept('Says hello')
  t.eventually('the hunk, under the new name', function()
    return t.has(0, 'Says good day')
  end)
  stage.wait_for_marks('applied pending')
end)

t.test('it is saved under another name, and the old file deleted', function()
  command("saveas hello.lua | call delete('welcome.lua')")
  stage.wait_for_marks('applied pending')
  accept('^return M')
  stage.ends_with('Both.')
  t.equal(true, t.has(0, 'M.version = 2\n\nreturn M\n-- typed after'))
  t.equal(nil, vim.uv.fs_stat(root .. '/greet.lua'))
end)

t.test('a buffer gets another name and is written, while the old file goes', function()
  vim.cmd.write()
  vim.cmd.file('later.lua')
  t.type('Go-- before it is written<Esc>')
  command("call delete('hello.lua') | write!")
  stage.wait_for_marks('applied applied')
  vim.fn.search('Says good day', 'cw')
  vim.cmd.CoworkerUndo()
  t.eventually('the text before', function()
    return t.has(0, 'Says hello')
  end)
  stage.wait_for_marks('applied')
end)

t.test('a copy has no hunks, the file it is made from keeps its own', function()
  vim.cmd.write()
  command('saveas copy.lua')
  stage.wait_for_marks('')
  vim.cmd.edit('later.lua')
  stage.wait_for_marks('applied')
end)

t.test('a file is renamed while no server runs', function()
  stage.kill_server()
  stage.wait_for_marks('')
  command("call rename('later.lua', 'last.lua') | file last.lua | write!")
  vim.cmd.CoworkerRestart()
  stage.wait_for_marks('applied')
  vim.fn.search('M.version', 'cw')
  vim.cmd.CoworkerUndo()
  t.eventually('the text before', function()
    return not t.has(0, 'M.version')
  end)
end)

t.finish()
