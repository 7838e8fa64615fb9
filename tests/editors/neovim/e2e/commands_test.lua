-- What a command changes on the disk is seen in the buffers, but never in place of unsaved text.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local function run(command)
  return stage.call('bash', { command = command })
end

local root = stage.start({
  'turn "change the files"',
  run("printf 'return 2\\n' > greet.lua; printf 'return 3\\n' > other.lua"),
  '---',
  'say "They say something else now."',
  'turn "and away"',
  run('rm greet.lua'),
  '---',
  'say "It is gone."',
})

local function ask(text)
  coworker.ask(text)
  stage.float()
  vim.cmd.CoworkerApprove()
end

t.test('what a command wrote is in the buffers, where nothing is unsaved', function()
  t.write(root .. '/other.lua', 'return 1\n')
  vim.cmd.edit('other.lua')
  local other = vim.api.nvim_get_current_buf()
  t.type('Go-- not saved<Esc>')
  ask('change the files')
  stage.ends_with('They say something else now.')
  t.eventually('the new text', function()
    return t.text(stage.buf) == 'return 2'
  end)
  t.equal({ 'return 1\n-- not saved', true }, { t.text(other), vim.bo[other].modified })
end)

t.test('in the command-line window nothing is read, and nothing fails', function()
  _G.read_now = function()
    _G.was_inside = vim.fn.getcmdwintype() == ':'
    _G.went_well = pcall(require('coworker.reread').now, root)
  end
  t.type('q:<Cmd>lua read_now()<CR><C-c><C-c>')
  t.equal({ true, true }, { _G.was_inside, _G.went_well })
end)

t.test('that a file is gone is said, and its text stays', function()
  ask('and away')
  stage.ends_with('It is gone.')
  t.eventually('a message', function()
    return vim.fn.execute('messages'):find('File "greet.lua" no longer available', 1, true)
  end)
  t.equal('return 2', t.text(stage.buf))
end)

t.finish()
