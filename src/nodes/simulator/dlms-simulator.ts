// dlms-simulator: meters that are not there. Properties in, a listening meter (or a sender of pushes) out.
// The rule of the file: what the simulator does is in src/sim, what its properties mean in meaning.

import type { Node, NodeAPI, NodeDef } from 'node-red';

import { DlmsError } from '../../core/wire/errors';
import { PUSH_FORMATS } from '../../sim/push-source';
import { onInput, type Fields } from '../lib/on-input';
import { passwordsOf } from '../lib/props';
import type { Values } from '../lib/settings-table';
import { start, type Credentials, type Simulation } from './meaning';
import { SIMULATOR } from './settings';
import type { Said } from '../lib/status-words';

type SimulatorDef = NodeDef & Values;

interface SimulatorNode extends Node {
  credentials: Credentials;
}

export = (RED: NodeAPI): void => {
  function Simulator(this: SimulatorNode, config: SimulatorDef): void {
    RED.nodes.createNode(this, config);
    let running: Simulation | undefined;

    const handle = onInput(
      RED,
      this,
      async msg => {
        await started;
        if (running === undefined) throw new DlmsError({ code: 'CLOSED', what: 'the simulator' });
        return running.input(msg as unknown as Fields);
      },
      { busy: '', connects: false, onClose: () => started.then(stop) },
    );
    const show = (): void => {
      if (running === undefined) return;
      const { port, connections } = running;
      const connected = { word: 'connected-count', facts: { n: connections } };
      const said: Said = port === null ? { word: 'ready' } : [{ word: 'port', facts: { port } }, connected];
      handle.status(said, connections > 0 ? 'ok' : 'idle');
    };
    const started = start(config, this.credentials, fields => handle.emit(fields)).then(
      simulation => {
        running = simulation;
        simulation.watch(show);
        if (handle.signal.aborted) return stop();
        show();
        return undefined;
      },
      (e: unknown) => handle.fail(e),
    );
    const stop = async (): Promise<void> => {
      const simulation = running;
      running = undefined;
      await simulation?.close();
    };
  }
  RED.nodes.registerType('dlms-simulator', Simulator as never, {
    credentials: passwordsOf(SIMULATOR),
  });
  // For the list in the editor.
  RED.httpAdmin.get(
    '/dlms-simulator/formats',
    RED.auth.needsPermission('dlms-simulator.read'),
    (_request, response) => {
      response.json(PUSH_FORMATS.map(({ name, title }) => ({ name, title })));
    },
  );
};
