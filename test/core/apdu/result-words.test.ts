import assert from 'node:assert/strict';

import {
  actionResult,
  associationDiagnostic,
  associationResult,
  confirmedService,
  dataAccessResult,
  exceptionService,
  exceptionState,
  serviceError,
} from '../../../src/core/apdu';

describe('the words of a refusal', () => {
  it('are those of the standard', () => {
    assert.equal(dataAccessResult(3), 'read-write-denied');
    assert.equal(dataAccessResult(250), 'other-reason');
    assert.equal(actionResult(15), 'long-action-aborted');
    assert.equal(associationResult(1), 'rejected-permanent');
    assert.equal(associationDiagnostic({ source: 1, value: 13 }), 'authentication-failure');
    assert.equal(associationDiagnostic({ source: 2, value: 2 }), 'no-common-acse-version');
    assert.equal(exceptionState(1), 'service-not-allowed');
    assert.equal(exceptionService(6), 'invocation-counter-error');
    assert.equal(confirmedService(1), 'initiate');
    assert.equal(serviceError(6, 1), 'initiate: dlms-version-too-low');
    assert.equal(serviceError(9, 4), 'task: ti-unusable');
  });

  it('keep a number that nobody knows', () => {
    assert.equal(dataAccessResult(99), 'data-access-result 99');
    assert.equal(actionResult(99), 'action-result 99');
    assert.equal(associationResult(7), 'association-result 7');
    assert.equal(associationDiagnostic({ source: 1, value: 77 }), 'diagnostic 1/77');
    assert.equal(exceptionState(9), 'state-error 9');
    assert.equal(exceptionService(9), 'service-error 9');
    assert.equal(confirmedService(99), 'service 99');
    assert.equal(serviceError(99, 1), 'service-error 99/1');
    assert.equal(serviceError(6, 99), 'initiate: 99');
  });
});
