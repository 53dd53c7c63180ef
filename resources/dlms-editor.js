// What several forms of this collection have in common: what a field may hold, presets, the connection as it stands in the
// editor, codes while typing, the stages of a connection test, and the browser of a meter's objects. Plain script of the page;
// its rule: texts come from the catalog of dlms-connection, colours from the theme, and what a meter, a file or a user wrote is
// text, never HTML.
(function () {
  'use strict';
  if (window.dlmsEditor) return;

  const CREDENTIALS = ['password', 'encryptionKey', 'authenticationKey', 'dedicatedKey'];
  const UNTOUCHED = '__PWRD__';

  function say(key, facts) {
    return RED._('@meterflow/node-red-dlms/dlms-connection:dlms-connection.' + key, facts);
  }
  function shared(key, facts) {
    return RED._('@meterflow/node-red-dlms/dlms-connection:shared.' + key, facts);
  }
  /** A short notice; Node-RED would take text for HTML. */
  function notify(text, kind) {
    return RED.notify($('<p>').text(text), kind);
  }

  // What a field may hold: each takes what stands in it and answers true, or the sentence that says what is wrong. Empty is the
  // default, and what holds ${NAME} is known only when the flow runs.
  const check = {
    obis: function (v) {
      const text = trimmed(v);
      const six = /^\d{1,3}([.]\d{1,3}){5}$/;
      const form = /^(\d{1,3}-(\d{1,3}:)?|\d{1,3}:)?[\dCFLP]{1,3}\.[\dCFLP]{1,3}(\.\d{1,3})?([*&.]\d{1,3})?$/i;
      return isOpen(text) || six.test(text) || form.test(text) || shared('error.obis', { value: text });
    },
    /** Blanks, colons and 0x do not matter; a saved key is shown as __PWRD__. */
    key: function (v) {
      const text = trimmed(v);
      return isOpen(text) || text === UNTOUCHED || /^(.{32}|.{64})$/.test(hexDigits(text)) || shared('error.key');
    },
    systemTitle: function (v) {
      const text = trimmed(v);
      return isOpen(text) || /^.{16}$/.test(hexDigits(text)) || shared('error.systemTitle');
    },
    whole: function (v, label, min, max) {
      const text = trimmed(v);
      const fits = /^(0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) >= min && Number(text) <= max;
      return isOpen(text) || fits || shared('error.whole', { label: label, min: min, max: max });
    },
    /** `policy` is how the clock of the meter is read; two of the ways need a zone. */
    zone: function (v, policy) {
      const text = trimmed(v);
      if (text === '' && (policy === 'zone' || policy === 'standard-time-all-year')) return shared('error.zoneNeeded');
      if (isOpen(text)) return true;
      try {
        return Boolean(new Intl.DateTimeFormat('en', { timeZone: text }));
      } catch (e) {
        return shared('error.zone', { value: text });
      }
    },
  };
  function trimmed(v) {
    return String(v === undefined || v === null ? '' : v).trim();
  }
  function isOpen(text) {
    return text === '' || text.indexOf('${') >= 0;
  }
  /** Empty when something else than hex digits is among them. */
  function hexDigits(text) {
    const digits = text.replace(/0x/gi, '').replace(/[\s:,;-]/g, '');
    return /^[0-9a-f]*$/i.test(digits) ? digits : '';
  }

  /** A flow written by hand may leave properties out: then the default counts, and the form shows it. */
  function showDefaults(node) {
    const prefix = node._def.category === 'config' ? '#node-config-input-' : '#node-input-';
    Object.keys(node._def.defaults).forEach(function (name) {
      const usual = node._def.defaults[name];
      if (node[name] !== undefined || usual.type !== undefined) return;
      const field = $(prefix + name);
      if (field.is(':checkbox')) field.prop('checked', usual.value);
      else field.val(usual.value);
    });
  }

  /** Time zones while typing. */
  function suggestZones(field) {
    const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf('timeZone') : [];
    suggest(
      field,
      function (text, done) {
        const wanted = text.toLowerCase().replace(/ /g, '_');
        const found = zones.filter(function (zone) {
          return wanted !== '' && zone.toLowerCase().indexOf(wanted) >= 0;
        });
        done(found.map(rowOf));
      },
      function (text) {
        return check.zone(text) === true;
      },
    );
  }

  /** The serial ports of the machine that Node-RED runs on, with a click into the field or while typing. */
  function suggestPorts(field) {
    suggest(
      field,
      function (text, done) {
        $.getJSON('dlms-connection/ports')
          .done(function (ports) {
            done(
              ports.map(function (port) {
                return { value: port.path, label: suggestion(port.path, port.about) };
              }),
            );
          })
          .fail(function () {
            done([]);
          });
      },
      Boolean,
    );
    field.on('click', function () {
      field.trigger('keyup');
    });
  }

  /**
   * Suggestions that `find` gives to its callback as [{ value, label }]. Enter and Tab take the first row, so a text that
   * `isWhole` stands first as it was typed: it is never replaced by another one.
   */
  function suggest(field, find, isWhole) {
    field.autoComplete({
      minLength: 0,
      search: function (typed, done) {
        const text = typed.trim();
        find(text, function (rows) {
          const stands = text === '' || !isWhole(text) || (rows.length > 0 && rows[0].value === text);
          done(stands ? rows : [{ value: text, label: suggestion(text, say('browse.asTyped')) }].concat(rows));
        });
      },
    });
  }
  function rowOf(text) {
    return { value: text, label: suggestion(text, '') };
  }

  /**
   * Fills a list with the presets that `say` something about this form, by country; `take` gets the one that is chosen. A preset
   * is a row of resources/presets.json.
   */
  function presets(list, says, take) {
    $.getJSON('resources/@meterflow/node-red-dlms/presets.json').done(function (all) {
      const known = all.filter(says);
      const countries = new Intl.DisplayNames([language()], { type: 'region' });
      const groups = { '': list };
      known
        .map(function (preset) {
          return { preset: preset, country: preset.country ? countries.of(preset.country) : '' };
        })
        .sort(function (a, b) {
          return a.country.localeCompare(b.country, language());
        })
        .forEach(function (row) {
          groups[row.country] = groups[row.country] || $('<optgroup>').attr('label', row.country).appendTo(list);
          const text = sayIfKnown('preset.' + row.preset.id) || row.preset.label;
          $('<option>').val(row.preset.id).text(text).appendTo(groups[row.country]);
        });
      list.on('change', function () {
        known
          .filter(function (preset) {
            return preset.id === list.val();
          })
          .forEach(take);
      });
    });
  }

  /** null where the catalog has no such text. */
  function sayIfKnown(key, facts) {
    const text = say(key, facts);
    return text.indexOf('dlms-connection.' + key) >= 0 || text === key ? null : text;
  }
  function language() {
    return (RED.i18n.lang && RED.i18n.lang()) || 'en-US';
  }
  function post(path, body) {
    return $.ajax({
      url: 'dlms-connection/' + path,
      type: 'POST',
      contentType: 'application/json',
      data: JSON.stringify(Object.assign({ lang: language() }, body)),
      dataType: 'json',
    });
  }
  function messageOf(xhr) {
    const error = xhr.responseJSON;
    if (error && error.message) return error.message;
    return xhr.status === 401 || xhr.status === 403 ? say('browse.forbidden') : say('browse.failed');
  }

  /** The connection of a node: as it stands in the editor, deployed or not. */
  function savedConnection(id) {
    const node = RED.nodes.node(id);
    if (!node || node.type !== 'dlms-connection') return null;
    const properties = {};
    Object.keys(node._def.defaults).forEach(function (name) {
      properties[name] = node[name];
    });
    return { id: id, properties: properties, credentials: typed(node.credentials || {}) };
  }

  /** The connection whose form is open. */
  function formConnection(node) {
    const properties = {};
    const credentials = {};
    Object.keys(node._def.defaults).forEach(function (name) {
      const field = $('#node-config-input-' + name);
      if (field.length === 0) properties[name] = node[name];
      else properties[name] = field.is(':checkbox') ? field.prop('checked') : field.val();
    });
    CREDENTIALS.forEach(function (name) {
      credentials[name] = $('#node-config-input-' + name).val();
    });
    return { id: node.id, properties: properties, credentials: typed(credentials) };
  }

  /** Only what the user wrote; for the rest the server has the deployed node. */
  function typed(credentials) {
    const given = {};
    CREDENTIALS.forEach(function (name) {
      const value = credentials[name];
      if (typeof value === 'string' && value !== UNTOUCHED) given[name] = value;
    });
    return given;
  }

  /** Codes while typing, by code or by words; `isWhole` tells a code or pattern that is written out from words. */
  function suggestCodes(field, isWhole) {
    suggest(
      field,
      function (text, done) {
        $.getJSON('dlms-connection/obis', { q: text, lang: language() })
          .done(function (found) {
            done(
              found.map(function (entry) {
                return { value: entry.obis, label: suggestion(entry.obis, entry.name) };
              }),
            );
          })
          .fail(function () {
            done([]);
          });
      },
      isWhole ||
        function (text) {
          return /^[\dCFLP.:*&-]*[\d.][\dCFLP.:*&-]*$/.test(text);
        },
    );
  }

  function suggestion(code, name) {
    const row = $('<div>').css({ display: 'flex', gap: '10px' }).attr('title', name);
    $('<span>').css({ fontFamily: 'monospace', whiteSpace: 'nowrap' }).text(code).appendTo(row);
    $('<span>').css({ color: 'var(--red-ui-secondary-text-color)' }).text(name).appendTo(row);
    return row;
  }

  // What people look for first: energy of the grid; the general objects of the meter itself come last.
  const MEDIA = ['1', '7', '6', '5', '4', '8', '9', '15'];
  const KINDS = ['energy', 'instantaneous', 'demand', 'consumption', 'profile', 'identification', 'clock', 'control'];

  function inOrder(keys, order) {
    function place(key) {
      const at = order.indexOf(key);
      return at < 0 ? order.length : at;
    }
    return keys.slice().sort(function (a, b) {
      return place(a) - place(b);
    });
  }

  const ICONS = {
    running: ['fa-spinner fa-spin', '--red-ui-secondary-text-color'],
    trying: ['fa-search', '--red-ui-secondary-text-color'],
    ok: ['fa-check', '--red-ui-text-color-success'],
    found: ['fa-check', '--red-ui-text-color-success'],
    done: ['fa-flag-checkered', '--red-ui-secondary-text-color'],
    warning: ['fa-exclamation-triangle', '--red-ui-text-color-warning'],
    failed: ['fa-times', '--red-ui-text-color-error'],
  };

  /**
   * Shows a test or a search in `list` while it runs. options: { search, onUse(properties), onEnd(ok) }.
   * Returns the way to stop it.
   */
  function runTest(list, connection, options) {
    const rows = {};
    let worked = true;
    let trying = null;
    list.empty().show();

    function show(stage) {
      if (stage.state === 'failed') worked = false;
      if (options.search) return showSearch(stage);
      const row = (rows[stage.stage] = rows[stage.stage] || addRow(list));
      fillRow(row, stage, say('test.stage.' + stage.stage));
    }
    function showSearch(event) {
      // One row for what is being tried, one for each find.
      if (event.state === 'trying') {
        trying = trying || addRow(list);
        return fillRow(trying, event, '');
      }
      if (trying && event.state !== 'found') {
        trying.remove();
        trying = null;
      }
      const row = addRow(list);
      if (trying) row.insertBefore(trying);
      fillRow(row, event, '');
      if (!event.properties) return;
      $('<button type="button" class="red-ui-button red-ui-button-small dlms-use">')
        .text(say('test.use'))
        .appendTo(row.find('.dlms-stage-head'))
        .on('click', function (click) {
          click.preventDefault();
          options.onUse(event.properties);
        });
    }

    const stop = streamLines(
      'dlms-connection/test',
      Object.assign({ search: options.search === true }, connection),
      show,
      function (xhr) {
        if (xhr !== null) {
          worked = false;
          fillRow(addRow(list), { state: 'failed', says: [], error: { message: messageOf(xhr) } }, '');
        }
        // A connection that broke in the middle leaves nothing turning.
        list.find('.fa-spin').attr('class', 'fa fa-fw fa-question');
        options.onEnd(worked);
      },
    );
    return stop;
  }

  function addRow(list) {
    return $('<li class="dlms-stage">').css({ listStyle: 'none', padding: '3px 0' }).appendTo(list);
  }

  function fillRow(row, stage, title) {
    const icon = ICONS[stage.state] || ICONS.running;
    row
      .empty()
      .attr('data-stage', stage.stage || '')
      .attr('data-state', stage.state);
    const head = $('<div class="dlms-stage-head">').css({ display: 'flex', gap: '8px', alignItems: 'baseline' });
    head.appendTo(row);
    $('<i>')
      .addClass('fa fa-fw ' + icon[0])
      .css({ flex: '0 0 auto', color: 'var(' + icon[1] + ')' })
      .appendTo(head);
    if (title !== '') $('<b>').css({ flex: '0 0 92px' }).text(title).appendTo(head);
    const words = (stage.says || []).map(function (w) {
      return say('test.says.' + w.key, w.facts);
    });
    if (stage.error) words.push(stage.error.message);
    $('<span>').css({ flex: '1 1 auto', overflowWrap: 'anywhere' }).text(words.join(' · ')).appendTo(head);
    if (stage.state !== 'running' && stage.state !== 'trying' && stage.elapsedMs >= 0) {
      const time = stage.elapsedMs < 1000 ? stage.elapsedMs + ' ms' : (stage.elapsedMs / 1000).toFixed(1) + ' s';
      $('<span>')
        .css({ color: 'var(--red-ui-tertiary-text-color)', whiteSpace: 'nowrap', fontSize: '90%' })
        .text(time)
        .appendTo(head);
    }
    row[0].scrollIntoView({ block: 'nearest' });
    const advice = stage.advice && sayIfKnown('test.advice.' + stage.advice.key, stage.advice.facts);
    if (!advice) return;
    $('<div class="dlms-advice">')
      .css({
        margin: '4px 0 4px 26px',
        padding: '6px 10px',
        borderLeft: '3px solid var(' + icon[1] + ')',
        color: 'var(--red-ui-primary-text-color)',
        background: 'var(--red-ui-tertiary-background)',
      })
      .text(advice)
      .appendTo(row);
    row[0].scrollIntoView({ block: 'nearest' });
  }

  /** Hands over each line of an answer as soon as it is there; `ended` gets null, or the failed request. */
  function streamLines(url, body, onLine, ended) {
    let taken = 0;
    let stopped = false;
    function take(text) {
      for (let end = text.indexOf('\n', taken); end >= 0; end = text.indexOf('\n', taken)) {
        const line = text.slice(taken, end);
        taken = end + 1;
        if (!stopped && line !== '') onLine(JSON.parse(line));
      }
    }
    const xhr = $.ajax({
      url: url,
      type: 'POST',
      contentType: 'application/json',
      data: JSON.stringify(Object.assign({ lang: language() }, body)),
      dataType: 'text',
      xhrFields: {
        onprogress: function (event) {
          if (event.target.status === 200) take(event.target.responseText);
        },
      },
    });
    xhr
      .done(function (text) {
        take(text);
        if (!stopped) ended(null);
      })
      .fail(function (failed) {
        if (stopped) return;
        try {
          failed.responseJSON = JSON.parse(failed.responseText);
        } catch (e) {
          // No answer of ours: messageOf says so.
        }
        ended(failed);
      });
    return function () {
      stopped = true;
      xhr.abort();
    };
  }

  /**
   * Opens the objects of a meter as a tree by medium and kind. options: { connection, profiles: only these, several: check
   * boxes, chosen: [codes], onChoose([{ obis, classId, name }]) }.
   */
  function browse(options) {
    let tree = null;
    let entries = [];
    let chosen = {};
    let asking = null;
    let value = null;
    const wanted = options.chosen || [];
    const box = $('<div class="dlms-browse">').css({ display: 'flex', flexDirection: 'column', height: '100%' });
    const bar = $('<div>')
      .css({ display: 'flex', gap: '8px', alignItems: 'center', padding: '8px 12px' })
      .appendTo(box);
    const holder = $('<div>')
      .css({
        flex: '1 1 auto',
        border: '1px solid var(--red-ui-form-input-border-color)',
        borderRadius: '4px',
      })
      .appendTo(bar);
    const search = $('<input type="text" class="dlms-browse-search">').appendTo(holder);
    const again = $('<button type="button" class="red-ui-button red-ui-button-small dlms-browse-refresh">').appendTo(
      bar,
    );
    $('<i class="fa fa-refresh">').appendTo(again);
    again.append(document.createTextNode(' ' + say('browse.refresh')));
    const note = $('<div class="dlms-browse-note">').css({
      padding: '0 12px 6px',
      color: 'var(--red-ui-secondary-text-color)',
    });
    note.appendTo(box);
    const treeBox = $('<div>').css({ flex: '1 1 auto', minHeight: '120px', margin: '0 12px' }).appendTo(box);
    const details = $('<div class="dlms-browse-details">').css({
      flex: '0 0 auto',
      maxHeight: '40%',
      minHeight: '96px',
      overflow: 'auto',
      padding: '10px 12px',
      borderTop: '1px solid var(--red-ui-secondary-border-color)',
    });
    details.appendTo(box);

    search.searchBox({
      delay: 250,
      change: function () {
        fillTree();
      },
    });
    again.on('click', function (event) {
      event.preventDefault();
      load(true);
    });

    function load(fresh) {
      if (asking) asking.abort();
      again.prop('disabled', true).find('i').addClass('fa-spin');
      note.text(say('browse.reading'));
      asking = post('browse', Object.assign({ fresh: fresh }, options.connection))
        .done(function (answer) {
          entries = answer.objects.filter(function (entry) {
            return !options.profiles || entry.kind === 'profile';
          });
          const facts = { count: entries.length, age: ageOf(answer.ageSeconds) };
          note.text(say(options.profiles ? 'browse.profiles' : 'browse.objects', facts));
          if (answer.meter) note.text(note.text() + ' · ' + answer.meter);
          if (answer.error) note.text(note.text() + ' · ' + say('browse.away', { reason: answer.error.message }));
          fillTree();
        })
        .fail(function (xhr, why) {
          if (why === 'abort') return;
          note.text(messageOf(xhr));
          note.css('color', 'var(--red-ui-text-color-error)');
        })
        .always(function () {
          asking = null;
          again.prop('disabled', false).find('i').removeClass('fa-spin');
        });
      note.css('color', '');
    }

    function fillTree() {
      const words = String(search.val() || '')
        .toLowerCase()
        .split(/\s+/)
        .filter(Boolean);
      const found = entries.filter(function (entry) {
        const text = (entry.obis + ' ' + entry.name + ' ' + entry.className).toLowerCase();
        return words.every(function (word) {
          return text.indexOf(word) >= 0;
        });
      });
      const media = group(found, 'medium');
      const data = inOrder(Object.keys(media), MEDIA).map(function (medium) {
        const kinds = group(media[medium], 'kind');
        const children = inOrder(Object.keys(kinds), KINDS).map(function (kind) {
          return {
            label: say('browse.kind.' + kind) + ' (' + kinds[kind].length + ')',
            expanded: found.length < 40 || kind === 'energy' || kind === 'profile' || kind === 'instantaneous',
            children: kinds[kind].map(leaf),
          };
        });
        const name = sayIfKnown('browse.medium.' + medium) || say('browse.medium.other', { medium: medium });
        // With one kind only, a level less to click through.
        if (options.profiles) return { label: name, expanded: true, children: children[0].children };
        return { label: name, expanded: true, children: children };
      });
      if (tree === null) {
        tree = $('<div>').css({ width: '100%', height: '100%' }).appendTo(treeBox).treeList({ data: data });
        tree.on('treelistselect', function (event, item) {
          if (!item || !item.entry) return;
          if (options.several) {
            if (item.selected) chosen[keyOf(item.entry)] = item.entry;
            else delete chosen[keyOf(item.entry)];
          } else {
            chosen = {};
            chosen[keyOf(item.entry)] = item.entry;
          }
          const count = Object.keys(chosen).length;
          $('#dlms-browse-ok').text(say('browse.choose') + (options.several && count > 0 ? ' (' + count + ')' : ''));
          describe(item.entry);
        });
        tree.on('treelistconfirm', function (event, item) {
          if (item && item.entry) finish();
        });
      } else tree.treeList('data', data);
    }

    function leaf(entry) {
      const line = $('<div class="dlms-browse-object">').css({
        display: 'flex',
        gap: '10px',
        alignItems: 'baseline',
        paddingLeft: '4px',
      });
      $('<span>')
        .css({ flex: '1 1 auto', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' })
        .text(entry.known ? entry.name : entry.className)
        .appendTo(line);
      $('<span>')
        .css({ flex: '0 0 130px', fontFamily: 'monospace', color: 'var(--red-ui-secondary-text-color)' })
        .text(entry.obis)
        .appendTo(line);
      $('<span>')
        .css({ flex: '0 0 26px', color: 'var(--red-ui-tertiary-text-color)' })
        .attr('title', entry.access === null ? '' : say('browse.access.' + (entry.access || 'none')))
        .text(entry.access === null ? '' : entry.access || '–')
        .appendTo(line);
      const item = { element: line, entry: entry };
      const isChosen = chosen[keyOf(entry)] !== undefined || wanted.indexOf(entry.obis) >= 0;
      if (options.several) {
        item.checkbox = true;
        item.selected = isChosen;
      } else if (isChosen) item.selected = true;
      return item;
    }

    function describe(entry) {
      if (value) value.abort();
      value = null;
      details.empty();
      const head = $('<div>').css({ display: 'flex', gap: '10px', alignItems: 'baseline' }).appendTo(details);
      $('<b>').css({ flex: '1 1 auto' }).text(entry.name).appendTo(head);
      const button = $('<button type="button" class="red-ui-button red-ui-button-small dlms-browse-value">').appendTo(
        head,
      );
      button.text(say(entry.kind === 'profile' ? 'browse.columns' : 'browse.value'));
      $('<div>')
        .css({ color: 'var(--red-ui-secondary-text-color)' })
        .text(
          [
            entry.obis,
            entry.className + ' (' + entry.classId + ')',
            say('browse.version', { version: entry.version }),
          ].join(' · '),
        )
        .appendTo(details);
      const rights = entry.attributes
        .map(function (a) {
          return (
            a.attribute + ' ' + a.name + (a.access === null ? '' : ': ' + say('browse.access.' + (a.access || 'none')))
          );
        })
        .join(' · ');
      if (rights !== '') {
        $('<div>').css({ color: 'var(--red-ui-tertiary-text-color)', fontSize: '90%' }).text(rights).appendTo(details);
      }
      const shown = $('<div class="dlms-browse-shown">').css({ marginTop: '6px' }).appendTo(details);
      button.on('click', function (event) {
        event.preventDefault();
        button.prop('disabled', true);
        shown.empty().append($('<i class="fa fa-spinner fa-spin">'));
        value = post('value', Object.assign({ obis: entry.obis, classId: entry.classId }, options.connection))
          .done(function (answer) {
            shown.empty();
            if (answer.profile) showProfile(shown, answer.profile);
            else shown.append($('<b>').text(String(answer.value) + (answer.unit ? ' ' + answer.unit : '')));
          })
          .fail(function (xhr, why) {
            if (why !== 'abort') shown.empty().css('color', 'var(--red-ui-text-color-error)').text(messageOf(xhr));
          })
          .always(function () {
            button.prop('disabled', false);
          });
      });
    }

    function showProfile(shown, profile) {
      const period =
        profile.capturePeriod === null
          ? ''
          : profile.capturePeriod === 0
            ? say('browse.irregular')
            : say('browse.period', { period: ageOf(profile.capturePeriod) });
      const rows =
        profile.entriesInUse === null ? '' : say('browse.rows', { used: profile.entriesInUse, most: profile.entries });
      $('<div>').text([period, rows].filter(Boolean).join(' · ')).appendTo(shown);
      const columns = $('<ol>').css({ margin: '4px 0 0 20px' }).appendTo(shown);
      profile.columns.forEach(function (column) {
        const row = $('<li>').appendTo(columns);
        $('<span>')
          .text(column.name + '  ')
          .appendTo(row);
        $('<span>')
          .css({ fontFamily: 'monospace', color: 'var(--red-ui-secondary-text-color)' })
          .text(column.obis)
          .appendTo(row);
      });
    }

    function finish() {
      const list = Object.keys(chosen).map(function (key) {
        return chosen[key];
      });
      RED.tray.close();
      options.onChoose(list);
    }

    RED.tray.show({
      title: say('browse.title'),
      width: 620,
      buttons: [
        {
          id: 'dlms-browse-cancel',
          text: RED._('common.label.cancel'),
          click: function () {
            RED.tray.close();
          },
        },
        { id: 'dlms-browse-ok', class: 'primary', text: say('browse.choose'), click: finish },
      ],
      open: function (tray) {
        tray.find('.red-ui-tray-body').css({ padding: 0 }).append(box);
        $('<div>').css('color', 'var(--red-ui-tertiary-text-color)').text(say('browse.hint')).appendTo(details);
        load(false);
      },
      close: function () {
        if (asking) asking.abort();
        if (value) value.abort();
      },
    });
  }

  function keyOf(entry) {
    return entry.obis + '/' + entry.classId;
  }
  function group(list, by) {
    const groups = {};
    list.forEach(function (entry) {
      (groups[entry[by]] = groups[entry[by]] || []).push(entry);
    });
    return groups;
  }
  function ageOf(seconds) {
    if (seconds < 60) return seconds + ' s';
    if (seconds < 3600) return Math.round(seconds / 60) + ' min';
    if (seconds < 172800) return Math.round(seconds / 360) / 10 + ' h';
    return Math.round(seconds / 86400) + ' d';
  }

  /** "Browse meter": a button that opens the browser for the connection chosen in the form. */
  function browseButton(button, options) {
    button.on('click', function (event) {
      event.preventDefault();
      const connection = savedConnection($('#node-input-connection').val());
      if (connection === null) return notify(say('browse.noConnection'), 'warning');
      browse(Object.assign({ connection: connection }, options()));
    });
  }

  window.dlmsEditor = {
    browseButton: browseButton,
    check: check,
    formConnection: formConnection,
    notify: notify,
    presets: presets,
    runTest: runTest,
    showDefaults: showDefaults,
    suggestCodes: suggestCodes,
    suggestPorts: suggestPorts,
    suggestZones: suggestZones,
  };
})();
