--- `:checkhealth coworker`

local client = require('coworker.client')
local config = require('coworker.config')

local M = {}

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. version)
  else
    vim.health.error('Neovim ' .. version .. ' is too old', 'Install Neovim 0.11 or newer.')
  end
end

local function check_command()
  local cmd = config.get().cmd
  if type(cmd) == 'function' then
    return vim.health.info('The server is started by a function of yours')
  end
  local path = vim.fn.exepath(cmd[1])
  if path == '' then
    return vim.health.error(('`%s` is not an executable'):format(cmd[1]), {
      'Install coworker and put it on the PATH,',
      "or say where it is: require('coworker').setup({ cmd = { '/path/to/coworker', 'lsp' } })",
    })
  end
  vim.health.ok(('`%s` is %s'):format(cmd[1], path))
  local ok, result = pcall(function()
    return vim.system({ path, '--version' }, { text = true, timeout = 5000 }):wait()
  end)
  if ok and result.code == 0 then
    vim.health.ok(vim.trim(result.stdout))
  else
    vim.health.warn(('`%s --version` failed'):format(path))
  end
end

---@param server coworker.Server
local function check_server(server)
  local lsp = client.lsp(server.root)
  if not lsp then
    local report = server.phase == 'stopped' and vim.health.warn or vim.health.info
    return report(('%s: %s'):format(server.root, server.ended or server.phase))
  end
  local buffers = vim.tbl_count(lsp.attached_buffers)
  vim.health.ok(
    ('%s: running, sees %d %s, positions in %s'):format(
      server.root,
      buffers,
      buffers == 1 and 'buffer' or 'buffers',
      lsp.offset_encoding
    )
  )
  local announced =
    vim.tbl_get(lsp.server_capabilities, 'experimental', 'coworker', 'protocolVersion')
  if announced == client.PROTOCOL_VERSION then
    vim.health.ok(('Protocol version %d'):format(announced))
  else
    vim.health.error(
      ('The plugin speaks protocol version %d, the server %s'):format(
        client.PROTOCOL_VERSION,
        announced or 'none'
      ),
      'Update the older of the two.'
    )
  end
end

--- Reports what works and what does not, and the way out.
function M.check()
  vim.health.start('Coworker')
  check_neovim()
  check_command()
  vim.health.start('Coworker: servers')
  if not next(client.servers()) then
    vim.health.info('None is running; the first command starts one')
  end
  for _, server in pairs(client.servers()) do
    check_server(server)
  end
  vim.health.info('`coworker doctor` in a terminal checks models and keys')
end

return M
