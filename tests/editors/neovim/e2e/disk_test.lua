-- The agent deletes one file and moves another onto its name, and all of that is taken back: what
-- the windows show is what the disk has.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "the other one"',
  stage.call('delete', { path = 'greet.lua' }),
  '---',
  stage.call('move', { from = 'other.lua', to = 'greet.lua' }),
  '---',
  'say "Moved."',
  'turn "a new one"',
  stage.call('write', { path = 'new.lua', content = 'return 1\n' }),
  '---',
  'say "There it is."',
}, { mode = 'auto' })

--- Gives all files the time that those of an archive have.
local function age()
  for name in vim.fs.dir(root) do
    assert(vim.uv.fs_utime(vim.fs.joinpath(root, name), 1e9, 1e9))
  end
  vim.cmd('checktime')
end

local function wait_for(name, text)
  t.eventually(name .. ' with its text', function()
    return vim.api.nvim_buf_get_name(0) == vim.fs.joinpath(root, name) and t.text(0) == text
  end)
  t.equal(false, vim.bo.modified)
end

t.test('the file of an open buffer is deleted, and another moved to its name', function()
  t.write(root .. '/other.lua', 'return {}\n')
  age()
  coworker.ask('the other one')
  stage.ends_with('Moved.')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  wait_for('greet.lua', 'return {}')
end)

t.test('it is taken back: the window goes along, and both files have their own text', function()
  vim.cmd('CoworkerUndo session')
  wait_for('other.lua', 'return {}')
  vim.cmd.edit('greet.lua')
  wait_for('greet.lua', vim.trim(stage.greet))
  t.type('ggO-- typed<Esc>')
  vim.cmd.write()
  t.equal({ '-- typed\n' .. stage.greet, 'return {}\n' }, {
    t.read(root .. '/greet.lua'),
    t.read(root .. '/other.lua'),
  })
end)

t.test('a new file is taken back: what is left of it is said, and it comes back', function()
  coworker.ask('a new one')
  stage.ends_with('There it is.')
  vim.cmd.edit('new.lua')
  t.told = {}
  vim.cmd('CoworkerUndo turn')
  t.eventually('what is left', function()
    return vim.list_contains(
      t.told,
      'Coworker: new.lua is taken back; its text is only in this buffer'
    )
  end)
  vim.cmd.wall()
  t.equal({ 'return 1', false }, { t.text(0), vim.uv.fs_stat(root .. '/new.lua') ~= nil })
  vim.cmd.CoworkerRedo()
  t.eventually('that it is on the disk again', function()
    return vim.uv.fs_stat(root .. '/new.lua')
  end)
  t.equal('return 1\n', t.read(root .. '/new.lua'))
end)

t.finish()
