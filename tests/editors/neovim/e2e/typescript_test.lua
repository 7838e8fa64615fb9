-- A real language server: what it says about an edit reaches the model, for the right version.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local before = [[
export function twice(n: number): number {
  return n * 2;
}

const broken: string = 1;
export const four: number = twice(2);
]]

local function edit(old, new)
  return stage.call('edit', {
    path = 'main.ts',
    edits = { { old_text = old, new_text = new } },
  })
end

stage.start({
  'turn "break it"',
  edit('return n * 2;', 'return `${n * 2}`;'),
  '---',
  "sees \"main.ts:2:3 error: Type 'string' is not assignable to type 'number'.\"",
  'sees not "main.ts:5"',
  'say "That broke a type."',
  'turn "mend it"',
  edit('return `${n * 2}`;', 'return n * 3;'),
  '---',
  'sees "No new problems in main.ts"',
  'sees "1 problem that was there before is gone"',
  'say "Mended."',
  'turn "look"',
  stage.call('diagnostics', { path = 'main.ts' }),
  '---',
  "sees \"main.ts:6:7 error: Type 'number' is not assignable to type 'string'.\"",
  'say "One is left."',
}, { mode = 'edit' })

t.write(stage.root .. '/main.ts', before)
t.write(stage.root .. '/tsconfig.json', '{ "compilerOptions": { "strict": true } }\n')
vim.cmd.edit('main.ts')
stage.buf = vim.api.nvim_get_current_buf()
vim.lsp.start({
  name = 'typescript',
  cmd = { vim.env.TYPESCRIPT .. '/typescript-language-server', '--stdio' },
  root_dir = stage.root,
  init_options = { tsserver = { path = vim.env.TYPESCRIPT .. '/../typescript/lib/tsserver.js' } },
})

t.eventually('what the language server says of the file', function()
  return #vim.diagnostic.get(stage.buf) > 0
end)

t.test('an edit that breaks a type brings that problem to the model, and no other', function()
  coworker.ask('break it')
  stage.ends_with('That broke a type.')
  t.equal(true, t.has(stage.buf, 'return `${n * 2}`;'))
end)

t.test('lines typed above move the old problem, and it is still no new one', function()
  vim.api.nvim_buf_set_lines(stage.buf, 0, 0, false, { '// typed by the user' })
  coworker.ask('mend it')
  stage.ends_with('Mended.')
end)

t.test('what the editor shows now can be asked for', function()
  coworker.ask('look')
  stage.ends_with('One is left.')
end)

t.finish()
