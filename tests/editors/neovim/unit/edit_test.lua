-- workspace/applyEdit: all or nothing, honestly answered, and one undo step of its own.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local root = t.workspace({ ['a.txt'] = 'one\ntwo\n', ['b.txt'] = 'eins\nzwei\n' })
local a, b = root .. '/a.txt', root .. '/b.txt'

vim.cmd.edit('b.txt')
local buf_b = vim.api.nvim_get_current_buf()
vim.cmd.edit('a.txt')
local buf_a = vim.api.nvim_get_current_buf()
require('coworker').setup({ cmd = fake.cmd })
t.eventually('didOpen', function()
  return #fake:sent('textDocument/didOpen') == 2
end)

local function version(path)
  local current
  for _, message in ipairs(fake.asked) do
    local document = message.params and message.params.textDocument
    if document and document.version and document.uri == vim.uri_from_fname(path) then
      current = document.version
    end
  end
  return current
end

local function change(path, at_version, line, new)
  return {
    textDocument = { uri = vim.uri_from_fname(path), version = at_version },
    edits = {
      {
        range = {
          start = { line = line, character = 0 },
          ['end'] = { line = line + 1, character = 0 },
        },
        newText = new,
      },
    },
  }
end

local function apply(...)
  local reply = fake:ask('workspace/applyEdit', { edit = { documentChanges = { ... } } })
  return fake.replies[reply]
end

t.test('every key is told at once, so that the versions agree', function()
  t.type('ccONE<Esc>')
  t.type('obetween<Esc>')
  t.equal(version(a), vim.lsp.util.buf_versions[buf_a])
  t.equal(true, #fake:sent('textDocument/didChange') >= 2)
end)

t.test('an edit for the current version lands in the buffer and not on the disk', function()
  t.equal({ applied = true }, apply(change(a, version(a), 2, 'TWO\n')))
  t.equal('ONE\nbetween\nTWO', t.text(buf_a))
  t.equal('one\ntwo\n', t.read(a))
end)

t.test('undo takes back the edit alone', function()
  t.type('u')
  t.equal('ONE\nbetween\ntwo', t.text(buf_a))
  t.type('u')
  t.equal('ONE\ntwo', t.text(buf_a))
end)

t.test('an edit that comes while the user types is an undo step between their words', function()
  _G.apply_now = function()
    t.equal({ applied = true }, apply(change(a, version(a), 0, 'AGENT\n')))
  end
  t.type('Gofirst<Cmd>lua apply_now()<CR> second<Esc>')
  t.equal('AGENT\ntwo\nfirst second', t.text(buf_a))
  t.type('u')
  t.equal('AGENT\ntwo\nfirst', t.text(buf_a))
  t.type('u')
  t.equal('ONE\ntwo\nfirst', t.text(buf_a))
  t.type('u')
  t.equal('ONE\ntwo', t.text(buf_a))
end)

t.test('a version that is not the current one is refused, with the reason', function()
  local before = t.text(buf_a)
  for _, wrong in ipairs({ version(a) - 1, version(a) + 1, vim.NIL }) do
    local answer = apply(change(a, wrong ~= vim.NIL and wrong or nil, 0, 'LATE\n'))
    t.equal(false, answer.applied)
    t.equal(true, answer.failureReason:find('is at version', 1, true) ~= nil)
  end
  t.equal(before, t.text(buf_a))
end)

t.test('the version of every document counts, and nothing is applied when one is wrong', function()
  local before_a, before_b = t.text(buf_a), t.text(buf_b)
  vim.api.nvim_buf_set_lines(buf_b, 0, 0, false, { 'null' })
  before_b = 'null\n' .. before_b
  local answer = apply(change(a, version(a), 0, 'X\n'), change(b, version(b) - 1, 0, 'X\n'))
  t.equal(false, answer.applied)
  t.equal({ before_a, before_b }, { t.text(buf_a), t.text(buf_b) })
end)

t.test('a buffer in the background is changed without coming to the front', function()
  t.equal({ applied = true }, apply(change(b, version(b), 0, 'NULL\n')))
  t.equal('NULL\neins\nzwei', t.text(buf_b))
  t.equal(buf_a, vim.api.nvim_get_current_buf())
end)

t.test('what the editor does not do is refused', function()
  local uri = vim.uri_from_fname(root .. '/new.txt')
  t.equal(false, apply({ kind = 'create', uri = uri }).applied)
  t.equal(nil, vim.uv.fs_stat(root .. '/new.txt'))
  t.equal(false, apply(change(root .. '/new.txt', 1, 0, 'x')).applied)
  local unversioned = fake:ask('workspace/applyEdit', { edit = { changes = { [uri] = {} } } })
  t.equal(false, fake.replies[unversioned].applied)
  vim.bo[buf_a].modifiable = false
  t.equal(false, apply(change(a, version(a), 0, 'X\n')).applied)
  vim.bo[buf_a].modifiable = true
end)

-- What the server has of a file, from what it was told since it was last opened.
local function mirror(path)
  local text
  for _, message in ipairs(fake.asked) do
    local document = message.params and message.params.textDocument
    if document and document.uri == vim.uri_from_fname(path) then
      if message.method == 'textDocument/didOpen' then
        text = document.text
      end
      for _, part in ipairs(message.params.contentChanges or {}) do
        local function at(position)
          local offset = 0
          for _ = 1, position.line do
            offset = assert(text:find('\n', offset + 1, true))
          end
          return offset + position.character
        end
        text = text:sub(1, at(part.range.start)) .. part.text .. text:sub(at(part.range['end']) + 1)
      end
    end
  end
  return text
end

local function die()
  fake.die(0, 9)
  t.eventually('its end', function()
    return #vim.lsp.get_clients({ bufnr = 0 }) == 0
  end)
end

local function restart()
  local opened = #fake:sent('textDocument/didOpen')
  vim.cmd.CoworkerRestart()
  t.eventually('the new server', function()
    return #fake:sent('textDocument/didOpen') > opened
  end)
end

t.test('what is typed while no server runs, and after that, is told to the next one', function()
  vim.cmd.buffer(buf_a)
  die()
  t.type('Gotyped while it was dead<Esc>')
  restart()
  t.equal(t.text(buf_a) .. '\n', mirror(a))
  t.type('ggOtyped above<Esc>')
  t.type('Gotyped below<Esc>ggxu')
  t.equal(t.text(buf_a) .. '\n', mirror(a))
  t.equal({ applied = true }, apply(change(a, version(a), 0, 'AGENT\n')))
  t.equal(t.text(buf_a) .. '\n', mirror(a))
  t.equal({ 'AGENT', true }, { t.text(buf_a):match('^%w+'), t.has(buf_a, 'while it was dead') })
end)

t.test('such a buffer is told when it is read again, too', function()
  vim.cmd('silent write')
  t.write(a, 'from outside\n')
  vim.cmd('checktime')
  t.equal({ 'from outside', 'from outside\n' }, { t.text(buf_a), mirror(a) })
  t.write(a, 'one\ntwo\n')
  vim.cmd('edit!')
  t.equal({ 'one\ntwo', 'one\ntwo\n' }, { t.text(buf_a), mirror(a) })
  vim.cmd('bdelete! | edit a.txt')
  t.type('xu')
  t.equal({ 'one\ntwo', 'one\ntwo\n' }, { t.text(0), mirror(a) })
  t.equal({ applied = true }, apply(change(a, version(a), 0, 'ONE\n')))
end)

t.test('nothing is applied to a text that the server cannot know', function()
  die()
  t.type('Goonce more<Esc>gg')
  restart()
  local tracking = require('vim.lsp._changetracking')
  local send = tracking.send_changes
  tracking.send_changes = error
  t.type('x')
  tracking.send_changes = send
  local before = t.text(buf_a)
  local answer = apply(change(a, vim.lsp.util.buf_versions[buf_a], 0, 'X\n'))
  t.equal({ false, before }, { answer.applied, t.text(buf_a) })
  t.equal(true, answer.failureReason:find('does not have the text', 1, true) ~= nil)
  restart()
  t.equal({ applied = true }, apply(change(a, version(a), 0, 'ONE\n')))
end)

t.finish()
