-- Neovim without the plugin, by its own LSP client: in a file with line breaks of both kinds it would
-- change those of an edit, so an edit that has a CR is refused, and one that has none is made.
local t = dofile(vim.env.TESTS .. '/harness.lua')

local function call(input)
  return ('call edit %s'):format(vim.json.encode(vim.tbl_extend('keep', input, { path = 'a.txt' })))
end

t.test('only an edit without a CR is made', function()
  local root = t.workspace({ ['a.txt'] = 'one\ntwo\r\nthree\n', ['script.md'] = '' })
  t.write(
    root .. '/script.md',
    table.concat({
      '```script',
      'turn "edit"',
      call({ old_text = 'three', new_text = '3' }),
      '---',
      call({ old_text = 'two', new_text = '2\nand a half' }),
      '---',
      'sees "the file mixes line breaks, and the editor would change them"',
      'say "Half."',
      '```',
      '',
    }, '\n')
  )
  vim.cmd.edit('a.txt')
  local heard = {}
  local id = vim.lsp.start({
    name = 'coworker',
    cmd = { vim.env.BINARY, 'lsp' },
    root_dir = root,
    init_options = { coworker = { model = 'script:' .. root .. '/script.md', mode = 'edit' } },
    handlers = {
      ['coworker/session/update'] = function(_, params)
        table.insert(heard, params.update)
      end,
    },
  })
  local lsp = assert(vim.lsp.get_client_by_id(assert(id)))
  t.eventually('the server', function()
    return lsp.initialized
  end)
  lsp:request('coworker/chat', { text = 'edit' }, function() end)
  t.eventually('the end', function()
    return vim.iter(heard):any(function(update)
      return update.kind == 'itemEnded' and update.item.text == 'Half.'
    end)
  end)
  t.equal('one\ntwo\r\n3', t.text(0))
end)

t.finish()
