-- A file with line breaks of both kinds: Neovim has the CR of some lines as their last character.
-- An edit keeps each break as it is, and so does its undo.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local mixed = 'one\ntwo\r\nthree\r\nfour\nfive\r\n'

local function edit(old, new)
  return stage.edit(old, new, 'mixed.txt')
end

local root = stage.start({
  'turn "more"',
  stage.call('read', { path = 'mixed.txt' }),
  '---',
  edit('three', 'three\nand a half'),
  edit('five', 'five\nsix'),
  edit('one', 'zero\none'),
  '---',
  'say "More."',
  'turn "in capitals"',
  edit('one\ntwo', 'ONE\nTWO'),
  '---',
  'say "LOUD."',
}, { mode = 'edit' })
local path = root .. '/mixed.txt'

local function saved()
  vim.cmd('silent write')
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

t.test('what the agent writes has the line breaks of the lines around it', function()
  t.write(path, mixed)
  vim.cmd.edit('mixed.txt')
  t.equal('unix', vim.bo.fileformat)
  coworker.ask('more')
  stage.ends_with('More.')
  stage.wait_for_marks('applied applied applied')
  local text = saved()
  t.equal('zero\none\ntwo\r\nthree\r\nand a half\r\nfour\nfive\r\nsix\r\n', text)
end)

t.test('what is taken back leaves them as they were', function()
  vim.cmd('CoworkerUndo turn')
  t.eventually('the text before', function()
    return not t.has(0, 'six')
  end)
  stage.wait_for_marks('')
  t.equal(mixed, saved())
  vim.cmd.CoworkerRedo()
  stage.wait_for_marks('applied applied applied')
  t.type('u')
  t.equal(mixed, saved())
end)

t.test('they are there for who words a proposal otherwise', function()
  stage.go_to_mode('ask')
  coworker.ask('in capitals')
  stage.preview()
  require('coworker.review').close()
  vim.api.nvim_set_current_win(vim.fn.bufwinid(vim.fn.bufnr('mixed.txt')))
  vim.cmd('1')
  stage.wait_for_marks('pending')
  vim.cmd.CoworkerEdit()
  t.equal('ONE\nTWO\r', t.text(0))
  vim.cmd('silent 1substitute/ONE/1')
  vim.cmd.write()
  stage.ends_with('LOUD.')
  t.equal((mixed:gsub('one', '1'):gsub('two', 'TWO')), saved())
end)

t.finish()
