/**
 * The beginning of a Lua script that needs the time: `now`, in whole milliseconds since 1970, by Redis's own clock, so that
 * workers' clocks decide nothing.
 */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`
